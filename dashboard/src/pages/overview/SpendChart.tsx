import "@mantine/charts/styles.layer.css";
import { BarChart } from "@mantine/charts";
import { usd } from "../../format/amount";
import type { PayerBar } from "./payerBars";

const HATCH = "managed-hatch";

/** The drawing: own below and solid, managed above and hatched. */
export default function SpendChart({ bars, height }: { bars: readonly PayerBar[]; height: number }) {
  const data = bars.map(({ label, own, managed }) => ({ label, own: Number(own), managed: Number(managed) }));
  return (
    <BarChart
      h={height}
      data={data}
      dataKey="label"
      type="stacked"
      series={[
        { name: "own", label: "Own key", color: "var(--ok-own-fill)" },
        { name: "managed", label: "Managed", color: "var(--ok-managed-fill)" },
      ]}
      valueFormatter={(value) => usd(String(value))}
      yAxisProps={{ width: 64, tickMargin: 4 }}
      withTooltip
      barChartProps={{ accessibilityLayer: false }}
      tooltipAnimationDuration={0}
      barProps={({ name }) => ({ isAnimationActive: false, ...(name === "managed" && { fill: `url(#${HATCH})` }) })}
      gridAxis="x"
      tickLine="none"
    >
      <defs>
        <pattern id={HATCH} width={6} height={6} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width={6} height={6} fill="var(--ok-managed-fill)" />
          <line x1={0} y1={0} x2={0} y2={6} stroke="var(--ok-surface)" strokeWidth={2} />
        </pattern>
      </defs>
    </BarChart>
  );
}

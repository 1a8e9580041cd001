import "@mantine/charts/styles.layer.css";
import { BarChart } from "@mantine/charts";
import type { Bar } from "./Bars";

/** The drawing; the one place that knows the chart library. */
export default function BarsChart({
  bars,
  height,
  format,
}: {
  bars: readonly Bar[];
  height: number;
  format: (text: string) => string;
}) {
  const data = bars.map(({ label, value }) => ({ label, height: Number(value), value }));
  return (
    <BarChart
      h={height}
      data={data}
      dataKey="label"
      series={[{ name: "height", color: "var(--ok-text)" }]}
      valueFormatter={(value) => format(String(value))}
      yAxisProps={{ width: 64, tickMargin: 4 }}
      withTooltip
      barChartProps={{ accessibilityLayer: false }}
      tooltipAnimationDuration={0}
      barProps={{ isAnimationActive: false, radius: [2, 2, 0, 0] }}
      gridAxis="x"
      tickLine="none"
    />
  );
}

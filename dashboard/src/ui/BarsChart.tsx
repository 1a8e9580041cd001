import "@mantine/charts/styles.layer.css";
import { BarChart } from "@mantine/charts";

export interface Series {
  name: string;
  color: string;
  /** Managed access is told by a hatch too, never by its colour alone. */
  hatched?: boolean;
}

/** The bars of one place: a decimal for each series, exact. */
export interface Stack {
  label: string;
  values: readonly string[];
}

interface Props {
  stacks: readonly Stack[];
  series: readonly Series[];
  height: number;
  format: (text: string) => string;
  /** How the axis tells it, if shorter. */
  tick?: ((text: string) => string) | undefined;
}

const HATCH = "managed-hatch";

/** The drawing; the one place that knows the chart library. */
export default function BarsChart({ stacks, series, height, format, tick = format }: Props) {
  const data = stacks.map(({ label, values }) => ({
    label,
    ...Object.fromEntries(series.map(({ name }, at) => [name, Number(values[at])])),
  }));
  const hatched = (name: string | undefined) => series.find((one) => one.name === name)?.hatched;
  return (
    <BarChart
      h={height}
      data={data}
      dataKey="label"
      type="stacked"
      series={series.map(({ name, color }) => ({ name, color }))}
      valueFormatter={(value) => format(String(value))}
      yAxisProps={{ width: 64, tickMargin: 4, tickFormatter: (value) => tick(String(value)) }}
      withTooltip
      barChartProps={{ accessibilityLayer: false }}
      tooltipAnimationDuration={0}
      barProps={({ name }) => ({ isAnimationActive: false, ...(hatched(name) && { fill: `url(#${HATCH})` }) })}
      gridAxis="x"
      tickLine="none"
    >
      <defs>
        <pattern id={HATCH} width={6} height={6} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width={6} height={6} fill="var(--ok-managed-fill)" />
          <rect width={2} height={6} fill="var(--ok-surface)" opacity={0.55} />
        </pattern>
      </defs>
    </BarChart>
  );
}

import { Box, Button, Group, Paper, Stack, Table, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { lazy, Suspense } from "react";
import type { Series, Stack as Stacked } from "./BarsChart";

export interface Bar {
  label: string;
  /** A decimal, exact. */
  value: string;
}

interface Props {
  title: string;
  /** What it shows, as a sentence. */
  finding: string;
  format: (text: string) => string;
  /** How the axis tells it, if shorter. */
  tick?: ((text: string) => string) | undefined;
}

const HEIGHT = 240;
const INK: readonly Series[] = [{ name: "All", color: "var(--ok-text)" }];
const BarsChart = lazy(() => import("./BarsChart"));

/** Bars over time, and the same as a table for those who can't or won't see them. */
export function Bars({ bars, ...rest }: Props & { bars: readonly Bar[] }) {
  return <StackedBars {...rest} series={INK} stacks={bars.map(({ label, value }) => ({ label, values: [value] }))} />;
}

interface StackedProps extends Props {
  stacks: readonly Stacked[];
  series: readonly Series[];
}

/** The same with parts, one on the other. */
export function StackedBars({ title, finding, stacks, series, format, tick }: StackedProps) {
  const [asTable, table] = useDisclosure();
  return (
    <Paper withBorder p="lg" component="figure" m={0}>
      <Stack gap="md">
        <Group justify="space-between">
          <Title order={2} size="h3">
            {title}
          </Title>
          <Button size="compact-sm" variant="default" onClick={table.toggle} aria-pressed={asTable}>
            {asTable ? "Show as chart" : "Show as table"}
          </Button>
        </Group>
        {asTable ? (
          <AsTable stacks={stacks} series={series} format={format} />
        ) : (
          <Box h={HEIGHT} aria-hidden>
            <Suspense>
              <BarsChart stacks={stacks} series={series} height={HEIGHT} format={format} tick={tick} />
            </Suspense>
          </Box>
        )}
        <Box component="figcaption" c="dimmed" fz="sm">
          {finding}
        </Box>
      </Stack>
    </Paper>
  );
}

function AsTable({ stacks, series, format }: Pick<StackedProps, "stacks" | "series" | "format">) {
  return (
    <Table>
      {series.length > 1 && (
        <Table.Thead>
          <Table.Tr>
            <Table.Td />
            {series.map(({ name }) => (
              <Table.Th key={name} ta="right">
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
      )}
      <Table.Tbody>
        {stacks.map(({ label, values }) => (
          <Table.Tr key={label}>
            <Table.Th scope="row" fw={400}>
              {label}
            </Table.Th>
            {series.map(({ name }, at) => (
              <Table.Td key={name} ta="right">
                {format(values[at] ?? "0")}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

import { Box, Button, Group, Paper, Stack, Table, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { lazy, Suspense } from "react";

export interface Bar {
  label: string;
  /** A decimal, exact. */
  value: string;
}

interface Props {
  title: string;
  /** What it shows, as a sentence. */
  finding: string;
  bars: readonly Bar[];
  format: (text: string) => string;
}

const HEIGHT = 240;
const BarsChart = lazy(() => import("./BarsChart"));

/** Bars over time, and the same as a table for those who can't or won't see them. */
export function Bars({ title, finding, bars, format }: Props) {
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
          <Table>
            <Table.Tbody>
              {bars.map(({ label, value }) => (
                <Table.Tr key={label}>
                  <Table.Th scope="row" fw={400}>
                    {label}
                  </Table.Th>
                  <Table.Td ta="right">{format(value)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        ) : (
          <Box h={HEIGHT} aria-hidden>
            <Suspense>
              <BarsChart bars={bars} height={HEIGHT} format={format} />
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

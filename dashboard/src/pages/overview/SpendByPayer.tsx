import { Box, Button, Group, Paper, Stack, Table, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { lazy, Suspense } from "react";
import { usd, usdRound } from "../../format/amount";
import type { Series } from "../../ui/BarsChart";
import { PayerBadge } from "../../ui/Payer";
import { finding, type PayerBar } from "./payerBars";

const HEIGHT = 240;
const BarsChart = lazy(() => import("../../ui/BarsChart"));
/** From below: the own key is always the lower part. */
const PAYERS: readonly Series[] = [
  { name: "Own key", color: "var(--ok-own-fill)" },
  { name: "Managed", color: "var(--ok-managed-fill)", hatched: true },
];

/** Who paid when: bars, and the same as a table. */
export function SpendByPayer({ bars, step }: { bars: readonly PayerBar[]; step: "hour" | "day" }) {
  const [asTable, table] = useDisclosure();
  return (
    <Paper withBorder p="lg" component="figure" m={0}>
      <Stack gap="md">
        <Group justify="space-between">
          <Group gap="sm">
            <Title order={2} size="h3">
              Spend by payer
            </Title>
            <PayerBadge payer="byok" />
            <PayerBadge payer="managed" />
          </Group>
          <Button size="compact-sm" variant="default" onClick={table.toggle} aria-pressed={asTable}>
            {asTable ? "Show as chart" : "Show as table"}
          </Button>
        </Group>
        {asTable ? (
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{step === "day" ? "Day" : "Hour"}</Table.Th>
                <Table.Th ta="right">Own key</Table.Th>
                <Table.Th ta="right">Managed</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {bars.map(({ label, own, managed }) => (
                <Table.Tr key={label}>
                  <Table.Th scope="row" fw={400}>
                    {label}
                  </Table.Th>
                  <Table.Td ta="right">{usd(own)}</Table.Td>
                  <Table.Td ta="right">{usd(managed)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        ) : (
          <Box h={HEIGHT} aria-hidden>
            <Suspense>
              <BarsChart
                stacks={bars.map(({ label, own, managed }) => ({ label, values: [own, managed] }))}
                series={PAYERS}
                height={HEIGHT}
                format={usd}
                tick={usdRound}
              />
            </Suspense>
          </Box>
        )}
        <Box component="figcaption" c="dimmed" fz="sm">
          {finding(bars, usd)}
        </Box>
      </Stack>
    </Paper>
  );
}

import { Anchor, Code, Group, Paper, SimpleGrid, Spoiler, Stack, Table, Text, Timeline, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { Receipt as ReceiptData } from "../../api/client";
import { providersQuery, receiptQuery } from "../../api/queries";
import { credits, isZero } from "../../format/amount";
import { count, duration } from "../../format/number";
import { useHere } from "../../session/context";
import { Actor } from "../../ui/Actor";
import { CopyText } from "../../ui/CopyText";
import { Fact, Facts } from "../../ui/Facts";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { Time } from "../../ui/Time";
import { Usd } from "../../ui/Usd";
import { sentence } from "./sentence";
import { TimingBar } from "./TimingBar";

export function Receipt() {
  const here = useHere();
  const { req } = useParams({ from: "/signed-in/w/$ws/receipts/$req" });
  const query = useQuery(receiptQuery(here.id, req));
  return (
    <Page title="Receipt" within={here.name}>
      <Anchor
        size="sm"
        renderRoot={(props) => <Link to="/w/$ws/receipts" params={{ ws: here.id }} search={{}} {...props} />}
      >
        All receipts
      </Anchor>
      <Loaded query={query} heights={[120, 80, 200]}>
        {(receipt) => <Content receipt={receipt} />}
      </Loaded>
    </Page>
  );
}

function Content({ receipt }: { receipt: ReceiptData }) {
  const providers = useQuery(providersQuery);
  const name = providers.data?.find(({ id }) => id === receipt.provider)?.name ?? receipt.provider ?? "the provider";
  return (
    <Stack gap="lg">
      <Paper withBorder p="lg">
        <Stack gap="sm">
          <Group gap="sm">
            <PayerBadge payer={payerKind(receipt.payer)} />
            <Text size="sm" c="dimmed">
              <Time at={receipt.at} /> · status {receipt.status === 0 ? "none: the caller left" : receipt.status}
            </Text>
          </Group>
          <Title order={2}>{sentence(receipt, name)}</Title>
          <CopyText value={receipt.id} label="Copy the id" />
        </Stack>
      </Paper>
      <Paper withBorder p="lg">
        <TimingBar timing={receipt.timing_ms} />
      </Paper>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Attempts receipt={receipt} />
        <Cost receipt={receipt} />
      </SimpleGrid>
      <Paper withBorder p="lg">
        <Stack gap="sm">
          <Title order={2} size="h3">
            Facts
          </Title>
          <Facts>
            <Fact name="Model asked">{receipt.model}</Fact>
            <Fact name="Model served">{receipt.model_served}</Fact>
            <Fact name="Agent">{receipt.agent}</Fact>
            <Fact name="API key">{receipt.api_key && <Actor id={receipt.api_key} />}</Fact>
            <Fact name="Path">{`${receipt.route}${receipt.stream ? ", streamed" : ""}`}</Fact>
            <Fact name="Caller's id">{receipt.client_request_id}</Fact>
            <Fact name="User">{receipt.user}</Fact>
            <Fact name="Price version">{receipt.price_version}</Fact>
            <Fact name="Basis">{receipt.cost_basis === "list" ? "list price" : receipt.cost_basis}</Fact>
          </Facts>
          <Spoiler maxHeight={0} showLabel="Raw JSON" hideLabel="Hide">
            <Code block tabIndex={0}>
              {JSON.stringify(receipt, null, 2)}
            </Code>
          </Spoiler>
        </Stack>
      </Paper>
    </Stack>
  );
}

function Attempts({ receipt: { attempts } }: { receipt: ReceiptData }) {
  return (
    <Paper withBorder p="lg">
      <Stack gap="md">
        <Title order={2} size="h3">
          Attempts
        </Title>
        {attempts.length === 0 && <Text size="sm">Nothing was sent to a provider.</Text>}
        <Timeline active={attempts.length} bulletSize={20} lineWidth={1} color="ink">
          {attempts.map(({ payer, credential, status, outcome, cost_usd, provider_request_id }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: attempts have their place and nothing else
            <Timeline.Item key={index} title={<PayerBadge payer={payerKind(payer)} />}>
              <Facts>
                <Fact name="Outcome">{`${outcome}${status ? `, status ${status}` : ", no status"}`}</Fact>
                <Fact name="Cost">
                  <Usd amount={cost_usd} />
                </Fact>
                <Fact name="Key">{credential}</Fact>
                <Fact name="Provider's id">{provider_request_id}</Fact>
              </Facts>
            </Timeline.Item>
          ))}
        </Timeline>
      </Stack>
    </Paper>
  );
}

const measures: Record<string, string> = {
  measured: "Counted by the provider.",
  estimated: "Estimated: from what was sent and what came of the answer, or from what the call can have used.",
  unknown: "Unknown: what the call used, or its price, is not known.",
};

function Cost({ receipt }: { receipt: ReceiptData }) {
  const classes = Object.entries(receipt.usage).filter(([, amount]) => amount > 0);
  return (
    <Paper withBorder p="lg">
      <Stack gap="md">
        <Title order={2} size="h3">
          Cost
        </Title>
        <Table>
          <Table.Tbody>
            {classes.map(([name, amount]) => (
              <Table.Tr key={name}>
                <Table.Th scope="row" fw={400}>
                  {name.replaceAll("_", " ")}
                </Table.Th>
                <Table.Td ta="right">{count(amount)}</Table.Td>
              </Table.Tr>
            ))}
            <Table.Tr>
              <Table.Th scope="row">At list price</Table.Th>
              <Table.Td ta="right">
                <Usd amount={receipt.cost_usd} />
              </Table.Td>
            </Table.Tr>
            <Table.Tr>
              <Table.Th scope="row">Credits</Table.Th>
              <Table.Td ta="right">
                {credits(receipt.credits)}
                {receipt.included && ", included"}
              </Table.Td>
            </Table.Tr>
            {!isZero(receipt.overrun_credits) && (
              <Table.Tr>
                <Table.Th scope="row">Of these not covered</Table.Th>
                <Table.Td ta="right">{credits(receipt.overrun_credits)}, paid by the operator</Table.Td>
              </Table.Tr>
            )}
          </Table.Tbody>
        </Table>
        <Text size="sm" c="dimmed">
          {measures[receipt.measured]} {duration(receipt.timing_ms.total)} in all.
        </Text>
      </Stack>
    </Paper>
  );
}

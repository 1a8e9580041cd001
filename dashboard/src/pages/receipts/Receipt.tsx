import {
  Anchor,
  Box,
  Button,
  Code,
  CopyButton,
  Group,
  Paper,
  SimpleGrid,
  Spoiler,
  Stack,
  Text,
  Title,
} from "@mantine/core";
import { IconLink } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { ReceiptDetail } from "../../api/client";
import { providersQuery, receiptQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { Actor } from "../../ui/Actor";
import { CodePanel } from "../../ui/CodePanel";
import { CopyText } from "../../ui/CopyText";
import { Fact, Facts } from "../../ui/Facts";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { Time } from "../../ui/Time";
import { Attempts } from "./Attempts";
import { Cost } from "./Cost";
import { sentence } from "./sentence";
import { TimingBar } from "./TimingBar";

export function Receipt() {
  const here = useHere();
  const { req } = useParams({ from: "/signed-in/w/$ws/receipts/$req" });
  const query = useQuery(receiptQuery(here.id, req));
  return (
    <Page title="Receipt" within={here.name}>
      <Box hiddenFrom="sm">
        <Anchor
          size="sm"
          renderRoot={(props) => <Link to="/w/$ws/receipts" params={{ ws: here.id }} search={{}} {...props} />}
        >
          All receipts
        </Anchor>
      </Box>
      <Loaded query={query} heights={[120, 80, 200]}>
        {(receipt) => <Content receipt={receipt} />}
      </Loaded>
    </Page>
  );
}

function Content({ receipt }: { receipt: ReceiptDetail }) {
  const here = useHere();
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
          <Group gap="sm">
            <CopyText value={receipt.id} label="Copy the id" />
            <CopyLink path={`/w/${here.id}/receipts/${receipt.id}`} />
          </Group>
        </Stack>
      </Paper>
      {receipt.error && (
        <CodePanel code={receipt.error} provider={receipt.provider} model={receipt.model} payer={receipt.payer} />
      )}
      <Paper withBorder p="lg">
        <TimingBar timing={receipt.timing_ms} />
      </Paper>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Attempts receipt={receipt} provider={name} />
        <Cost receipt={receipt} provider={name} />
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

function CopyLink({ path }: { path: string }) {
  return (
    <CopyButton value={`${window.location.origin}${path}`}>
      {({ copied, copy }) => (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconLink size={16} stroke={1.75} aria-hidden />}
          onClick={copy}
        >
          {copied ? "Copied" : "Copy link"}
        </Button>
      )}
    </CopyButton>
  );
}

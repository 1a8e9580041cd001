import { Group, Paper, Stack, Text, Timeline, Title } from "@mantine/core";
import type { Attempt, ReceiptDetail } from "../../api/client";
import { usd } from "../../format/amount";
import { wholeDuration } from "../../format/number";
import { CodeWord } from "../../ui/CodeWord";
import { Fact, Facts } from "../../ui/Facts";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { Usd } from "../../ui/Usd";

interface Props {
  receipt: ReceiptDetail;
  /** The provider's name. */
  provider: string;
}

/** Who was asked to serve the call, one after the other, and why another was asked. */
export function Attempts({ receipt: { attempts, key_hints }, provider }: Props) {
  return (
    <Paper withBorder p="lg" component="section" aria-label="Attempts">
      <Stack gap="md">
        <Title order={2} size="h3">
          Attempts
        </Title>
        {attempts.length === 0 && <Text size="sm">Nothing was sent to a provider.</Text>}
        <Timeline active={attempts.length} bulletSize={24} lineWidth={1} color="ink">
          {attempts.map((attempt, index) => (
            <Timeline.Item
              // biome-ignore lint/suspicious/noArrayIndexKey: attempts have their place and nothing else
              key={index}
              bullet={
                <Text span size="xs" c="var(--ok-bg)" aria-hidden>
                  {index + 1}
                </Text>
              }
              title={
                <Group gap="xs">
                  <PayerBadge payer={payerKind(attempt.payer)} />
                  <Text span size="sm" fw={400}>
                    {[provider, key_hints[attempt.credential ?? ""]].filter(Boolean).join(" · ")}
                  </Text>
                </Group>
              }
            >
              {attempt.consent && (
                <Text size="sm" my="xs">
                  {steppedIn(attempt.consent, provider)}
                </Text>
              )}
              <Details attempt={attempt} />
            </Timeline.Item>
          ))}
        </Timeline>
      </Stack>
    </Paper>
  );
}

function Details({ attempt }: { attempt: Attempt }) {
  const { outcome, status, error, duration_ms, cost_usd, provider_request_id } = attempt;
  return (
    <Facts>
      <Fact name="Outcome">
        {`${outcome}${status ? `, status ${status}` : ", no status"}`}
        {error && (
          <>
            {" "}
            <CodeWord>{error}</CodeWord>
          </>
        )}
      </Fact>
      <Fact name="Took">{typeof duration_ms === "number" ? wholeDuration(duration_ms) : null}</Fact>
      <Fact name="Cost">
        <Usd amount={cost_usd} />
      </Fact>
      <Fact name="Provider's id">{provider_request_id}</Fact>
    </Facts>
  );
}

/** Why managed access stepped in, and by whose leave. */
function steppedIn({ after, daily_cap_usd }: NonNullable<Attempt["consent"]>, provider: string): string {
  const met: Record<string, string> = {
    rate_limited: "Key over its limit",
    unavailable: `No answer from ${provider}`,
    quota_exhausted: `No money left at ${provider}`,
  };
  return `${met[after] ?? after} → managed access, allowed by your policy (up to ${usd(daily_cap_usd)} a day).`;
}

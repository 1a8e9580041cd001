import { Group, Paper, Progress, Stack, Text, Title } from "@mantine/core";
import type { Schemas } from "../../api/client";
import { plural } from "../../format/number";
import { useProduct } from "../../session/context";
import { CodeWord } from "../../ui/CodeWord";
import { blamed, titleOf } from "../../ui/codes";
import { useWords } from "../../ui/useWords";

const SHOWN = 6;

/** Why calls failed, the most frequent cause first. */
export default function Failures({ failures }: { failures: readonly Schemas["FailureCount"][] }) {
  if (failures.length === 0) return null;
  const most = failures[0]?.calls ?? 1;
  return (
    <Paper withBorder p="lg" component="section" aria-label="Failures by cause">
      <Stack gap="md">
        <Title order={2} size="h3">
          Failures by cause
        </Title>
        {failures.slice(0, SHOWN).map(({ code, payer, calls }) => (
          <Stack key={`${code} ${payer}`} gap={4}>
            <Group justify="space-between" wrap="nowrap">
              <Cause code={code} payer={payer ?? null} />
              <Text size="sm" style={{ flex: "none" }}>
                {plural(calls, "call")}
              </Text>
            </Group>
            <Progress value={(100 * calls) / most} color="var(--ok-text)" size={8} aria-hidden />
          </Stack>
        ))}
        <Text size="sm" c="dimmed">
          Of the newest 1,000 calls at most.
        </Text>
      </Stack>
    </Paper>
  );
}

function Cause({ code, payer }: { code: string; payer: string | null }) {
  const names = { provider: null, product: useProduct(), model: null };
  const words = useWords(code, payer);
  return (
    <Text size="sm">
      {words && `${titleOf(words, names)} `}
      <Text span size="xs" c="dimmed">
        <CodeWord>{code}</CodeWord> {words && `· ${blamed(words, names)}`}
      </Text>
    </Text>
  );
}

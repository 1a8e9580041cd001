import { Anchor, Text } from "@mantine/core";
import {
  type Icon,
  IconAlertOctagon,
  IconCheck,
  IconCircleHalf2,
  IconClockExclamation,
  IconCloudOff,
  IconTriangleInverted,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Verdict } from "../../api/client";
import { Panel } from "../../ui/Panel";
import type { Tone } from "../../ui/tone";

const looks: Record<string, [Tone, Icon]> = {
  valid: ["ok", IconCheck],
  valid_limited: ["attention", IconCircleHalf2],
  rate_limited: ["attention", IconClockExclamation],
  quota_exhausted: ["attention", IconTriangleInverted],
  unreachable: ["attention", IconCloudOff],
  provider_incident: ["attention", IconCloudOff],
};

interface Props {
  verdict: Verdict;
  /** What it means here, after the cause. */
  children?: ReactNode;
  /** Instead of the verdict's own action. */
  actions?: ReactNode;
}

/** A verdict in the server's words: title, cause, one thing to do, and its code. */
export function VerdictPanel({ verdict, children, actions }: Props) {
  const [tone, Icon] = looks[verdict.verdict] ?? ["bad", IconAlertOctagon];
  return (
    <Panel tone={tone} Icon={Icon} title={verdict.title} code={verdict.verdict} live actions={actions}>
      <Text size="sm">{verdict.cause}</Text>
      {verdict.detail && (
        <Text size="sm" c="dimmed">
          {verdict.detail}
        </Text>
      )}
      {children}
      {verdict.action?.url && (
        <Anchor href={verdict.action.url} target="_blank" rel="noreferrer" size="sm">
          {verdict.action.label}
        </Anchor>
      )}
    </Panel>
  );
}

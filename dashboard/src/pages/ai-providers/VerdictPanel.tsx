import { Button, Text } from "@mantine/core";
import {
  type Icon,
  IconAlertOctagon,
  IconCheck,
  IconCircleHalf2,
  IconClockExclamation,
  IconCloudOff,
  IconTriangleInverted,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Verdict } from "../../api/client";
import { useHere } from "../../session/context";
import { ChangeButton } from "../../ui/ChangeButton";
import { Panel } from "../../ui/Panel";
import { Told } from "../../ui/Told";
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
  /** Does what the verdict advises, where that is done right here. */
  onAct?: () => void;
  /** Seconds until that may be done. */
  wait?: number;
  busy?: boolean;
  /** Beside the verdict's own action. */
  second?: ReactNode;
  /** How it is told to those who don't see it. */
  live?: true | "at once";
}

/** A verdict in the server's words: title, cause, one thing to do, and its code. */
export function VerdictPanel({ verdict, children, second, live = true, ...act }: Props) {
  const [tone, Icon] = looks[verdict.verdict] ?? ["bad", IconAlertOctagon];
  const actions = (
    <>
      <Act verdict={verdict} {...act} />
      {second}
    </>
  );
  return (
    <Panel
      tone={tone}
      Icon={Icon}
      title={<Told text={verdict.title} moment={verdict.moment} />}
      code={verdict.verdict}
      live={live}
      actions={actions}
    >
      <Text size="sm">
        <Told text={verdict.cause} moment={verdict.moment} />
      </Text>
      {children}
    </Panel>
  );
}

/** The one thing to do: at the provider, in the playground, or here. */
function Act({ verdict: { verdict, action }, onAct, wait = 0, busy = false }: Props) {
  const here = useHere();
  if (!action) return null;
  if (action.url) {
    return (
      <Button component="a" href={action.url} target="_blank" rel="noreferrer" size="xs" variant="default">
        {action.label}
      </Button>
    );
  }
  if (verdict === "valid") {
    const open = (props: object) => <Link to="/w/$ws/playground" params={{ ws: here.id }} search={{}} {...props} />;
    return (
      <Button size="xs" variant="default" renderRoot={open}>
        {action.label}
      </Button>
    );
  }
  if (!onAct) return null;
  return (
    <ChangeButton size="xs" onClick={() => wait === 0 && onAct()} loading={busy} aria-disabled={wait > 0}>
      {wait > 0 ? `${action.label} in ${wait} s` : action.label}
    </ChangeButton>
  );
}

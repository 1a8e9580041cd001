import { Button, Group, Text } from "@mantine/core";
import { IconCheck, IconLinkOff } from "@tabler/icons-react";
import { useState } from "react";
import { type AuditCheck, api } from "../../api/client";
import { answered } from "../../api/failure";
import { plural } from "../../format/number";
import { clockOrDay } from "../../format/time";
import { useHere } from "../../session/context";
import { FailurePanel } from "../../ui/FailurePanel";
import { Panel } from "../../ui/Panel";

type State = { kind: "idle" | "busy" } | { kind: "done"; check: AuditCheck } | { kind: "failed"; error: unknown };

/** Has the server check every event, and says what came of it. */
export function Verify() {
  const here = useHere();
  const [state, setState] = useState<State>({ kind: "idle" });

  async function verify() {
    setState({ kind: "busy" });
    try {
      const params = { path: { ws: here.id } };
      const check = await answered(api.GET("/api/v1/workspaces/{ws}/audit/verify", { params }));
      setState({ kind: "done", check });
    } catch (error) {
      setState({ kind: "failed", error });
    }
  }

  return (
    <>
      <Group gap="sm">
        <Button variant="default" loading={state.kind === "busy"} onClick={() => void verify()}>
          Verify chain
        </Button>
        <Text size="sm" c="dimmed">
          Each event is sealed together with the one before it.
        </Text>
      </Group>
      {state.kind === "done" && <Result check={state.check} />}
      {state.kind === "failed" && <FailurePanel error={state.error} retry={() => void verify()} />}
    </>
  );
}

function Result({ check: { checked, broken_at, since } }: { check: AuditCheck }) {
  if (typeof broken_at === "number") {
    return (
      <Panel tone="bad" Icon={IconLinkOff} title={`Event No. ${broken_at} is changed or missing`} live>
        <Text size="sm">
          Every event before it that is still kept is as it was written; what follows can't be trusted. Tell your
          operator.
        </Text>
      </Panel>
    );
  }
  const kept = since ? ` since ${clockOrDay(new Date(since), new Date())}` : "";
  const title = `${plural(checked ?? 0, "event")} checked, none changed or missing${kept}.`;
  return <Panel tone="ok" Icon={IconCheck} title={title} live />;
}

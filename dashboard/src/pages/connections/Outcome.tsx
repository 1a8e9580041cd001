import { Button, Code, Text } from "@mantine/core";
import { IconCheck, IconPlugConnectedX } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Connection } from "../../api/client";
import { Panel } from "../../ui/Panel";
import classes from "./ConnectionCard.module.css";
import { failed } from "./words";

interface Props {
  connections: readonly Connection[];
  titleOf: (provider: string) => string;
}

/** What came of a way to a provider and back, as the address tells it. */
export function Outcome({ connections, titleOf }: Props) {
  const search = useSearch({ from: "/signed-in/w/$ws/settings/integrations/connections" });
  const navigate = useNavigate();
  const dismiss = (
    <Button size="xs" variant="default" onClick={() => void navigate({ to: ".", search: {}, replace: true })}>
      Dismiss
    </Button>
  );
  if (search.failed !== undefined) {
    const { title, text, code } = failed(search.failed);
    return (
      <Panel tone="bad" Icon={IconPlugConnectedX} title={title} code={code} live actions={dismiss}>
        <Text size="sm">{text}</Text>
      </Panel>
    );
  }
  // An address that is opened later says nothing that is not so any more.
  const connected = connections.find(({ id, state }) => id === search.connected && state === "active");
  if (!connected) return null;
  return (
    <Panel tone="ok" Icon={IconCheck} title={`${titleOf(connected.provider)} is connected`} live actions={dismiss}>
      <Text size="sm" className={classes.wrap}>
        Programs use it by its id, <Code>{connected.id}</Code>, with an API key of scope <Code>connections:write</Code>.
      </Text>
    </Panel>
  );
}

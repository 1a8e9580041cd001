import { Button, CopyButton, Group, Text, UnstyledButton } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Failure } from "../api/failure";
import { Panel } from "./Panel";

const ENDED = { title: "Your session has ended", detail: "Sign in to go on.", code: "unauthorized" };

/** A part of the page that could not be had. The others live on. */
export function FailurePanel({ error, retry }: { error: unknown; retry?: () => void }) {
  const failure = error instanceof Failure ? error : null;
  const problem = failure?.problem.code === "unauthorized" ? ENDED : failure?.problem;
  return (
    <Panel
      tone="bad"
      Icon={IconAlertTriangle}
      title={problem?.title ?? "Something broke on our side"}
      code={problem?.code ?? "page"}
      live
      actions={
        retry && (
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        )
      }
    >
      <Text size="sm">{problem?.detail ?? "The page met something it did not expect."}</Text>
      {failure?.requestId && <RequestId id={failure.requestId} />}
    </Panel>
  );
}

function RequestId({ id }: { id: string }) {
  return (
    <CopyButton value={id}>
      {({ copied, copy }) => (
        <UnstyledButton onClick={copy}>
          <Group gap={4}>
            <Text size="xs" c="dimmed" ff="monospace">
              {id} · {copied ? "copied" : "copy"}
            </Text>
          </Group>
        </UnstyledButton>
      )}
    </CopyButton>
  );
}

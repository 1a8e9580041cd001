import { Anchor, Text } from "@mantine/core";
import { IconAlertTriangle, IconLock } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Model } from "../../api/client";
import { CallFailure, Failure } from "../../api/failure";
import { useHere } from "../../session/context";
import { useDenied } from "../../session/denied";
import { ChangeButton } from "../../ui/ChangeButton";
import { CodePanel } from "../../ui/CodePanel";
import { FailurePanel } from "../../ui/FailurePanel";
import { Panel } from "../../ui/Panel";

interface Props {
  error: unknown;
  model: Model | undefined;
  again: () => void;
}

/** Why there is no answer, or no whole one, and what to do. What was typed is still there. */
export function NotServed({ error, model, again }: Props) {
  if (!(error instanceof Failure)) return <FailurePanel error={error} retry={again} />;
  const { code, detail } = error.problem;
  if (code === "network" || code === "offline") return <NotReached failure={error} again={again} />;
  if (error instanceof CallFailure) {
    if (code === "unauthorized")
      return <Ended what="The playground's key has ended" how="The next call gets a new one." again={again} />;
    return (
      <CodePanel
        code={code}
        said={detail}
        provider={model?.provider}
        model={model?.id}
        receipt={error.requestId}
        live
        again={again}
      />
    );
  }
  if (code === "unauthorized")
    return <Ended what="Your session has ended" how="Sign in, then send it again." again={again} />;
  if (code === "forbidden") return <MayNot why={detail} />;
  return <FailurePanel error={error} retry={again} />;
}

/** The button waits, as all do, until the server is there. */
function NotReached({ failure, again }: { failure: Failure; again: () => void }) {
  const { id: ws } = useHere();
  const { problem } = failure;
  return (
    <Panel
      tone="bad"
      Icon={IconAlertTriangle}
      title={problem.title}
      code={problem.code}
      live
      actions={
        <>
          <SendAgain again={again} />
          {failure instanceof CallFailure && (
            <Anchor
              size="sm"
              renderRoot={(props) => <Link to="/w/$ws/receipts" params={{ ws }} search={{}} {...props} />}
            >
              See receipts
            </Anchor>
          )}
        </>
      }
    >
      <Text size="sm">{problem.detail} What you typed is kept.</Text>
    </Panel>
  );
}

/** What the call was to be made with is over. */
function Ended({ what, how, again }: { what: string; how: string; again: () => void }) {
  return (
    <Panel
      tone="bad"
      Icon={IconAlertTriangle}
      title={what}
      code="unauthorized"
      live
      actions={<SendAgain again={again} />}
    >
      <Text size="sm">Nothing was sent to a model. {how} What you typed is kept.</Text>
    </Panel>
  );
}

function MayNot({ why }: { why: string }) {
  const asked = useDenied(false, "owner", `Nothing was sent to a model. ${why} Owners change roles.`);
  return (
    <Panel tone="bad" Icon={IconLock} title="You may not use the playground" code="forbidden" live>
      <Text size="sm">{asked}</Text>
    </Panel>
  );
}

function SendAgain({ again }: { again: () => void }) {
  return (
    <ChangeButton size="xs" variant="default" onClick={again}>
      Send again
    </ChangeButton>
  );
}

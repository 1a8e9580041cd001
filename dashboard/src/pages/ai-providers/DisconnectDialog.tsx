import { Button, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconRefresh } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type ProviderKey } from "../../api/client";
import { answered, Failure } from "../../api/failure";
import { creditsQuery } from "../../api/money";
import { keysQuery, policyQuery } from "../../api/queries";
import { useHere, useProduct } from "../../session/context";
import { ChangeButton } from "../../ui/ChangeButton";
import { Dialog } from "../../ui/Dialog";
import { FailurePanel } from "../../ui/FailurePanel";
import { Panel } from "../../ui/Panel";
import type { AtProvider } from "./AiProviders";
import { ChangedBy } from "./ChangedBy";
import { cardOf } from "./ProviderCard";
import { payerAfter, payerNow } from "./payer";

interface Props {
  at: AtProvider | undefined;
  planName: string;
  onClose: () => void;
}

interface QuestionProps {
  at: AtProvider;
  planName: string;
  onClose: (gone: boolean) => void;
}

/** Says who pays once the key is gone, before it goes. */
export function DisconnectDialog({ at, planName, onClose }: Props) {
  const [next, setNext] = useState<string>();
  function close(gone: boolean) {
    // What opened this goes along with the key.
    setNext(gone && at ? cardOf(at.provider.id) : undefined);
    onClose();
  }
  return (
    <Dialog
      opened={at !== undefined}
      onClose={() => close(false)}
      next={next}
      title={at && `Disconnect ${at.provider.name}?`}
      size={480}
    >
      {at && <Question at={at} planName={planName} onClose={close} />}
    </Dialog>
  );
}

function Question({ at, planName, onClose }: QuestionProps) {
  const { provider, key } = at;
  // What is promised here is promised of this key, and of none that has come since.
  const [meant, setMeant] = useState(key);
  const { disconnect, busy, error, forget } = useDisconnect(at, meant.credential, planName, onClose);
  if (key.state === "none") {
    return (
      <Text>
        There is no {provider.name} key.
        {key.changed_by && (
          <>
            {" "}
            It has been disconnected already, by <ChangedBy id={key.changed_by} />.
          </>
        )}
      </Text>
    );
  }
  const isAnother = key.credential !== meant.credential;
  const look = () => {
    forget();
    setMeant(key);
  };
  return (
    <Stack gap="md">
      {isAnother ? (
        <Panel
          tone="attention"
          Icon={IconRefresh}
          title="Nothing was disconnected"
          live="at once"
          actions={
            <Button size="xs" variant="default" onClick={look}>
              Look again
            </Button>
          }
        >
          <Text size="sm">
            This key was changed just now by {key.changed_by ? <ChangedBy id={key.changed_by} /> : "somebody"}; look
            again. It was <Hint of={meant} />, now it is <Hint of={key} />.
          </Text>
        </Panel>
      ) : (
        <Promised at={at} planName={planName} />
      )}
      {!isAnother && error !== null && <FailurePanel error={error} />}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={() => onClose(false)} data-autofocus>
          Keep the key
        </Button>
        {!isAnother && (
          <ChangeButton color="red" loading={busy} onClick={() => void disconnect()}>
            Disconnect
          </ChangeButton>
        )}
      </Group>
    </Stack>
  );
}

function Hint({ of: { hint } }: { of: ProviderKey }) {
  return (
    <Text span inherit ff="monospace" style={{ whiteSpace: "nowrap" }}>
      {hint}
    </Text>
  );
}

/** Who will pay. */
function Promised({ at: { provider, key }, planName }: { at: AtProvider; planName: string }) {
  const { id: ws } = useHere();
  const product = useProduct();
  const pays = key.payer_if_disconnected;
  const policy = useQuery(policyQuery(ws));
  const left = useQuery({ ...creditsQuery(ws), enabled: pays.managed === "credits" }).data;
  const ownOnly = policy.data?.payer === "byok_only";
  const [who, and] = payerAfter(pays, { provider: provider.name, product, plan: planName, ownOnly }, left);
  return (
    <Text>
      The key <Hint of={key} /> is deleted here. From the next call on, <strong>{who}</strong>
      {and}. Your key still exists at {provider.name}.
    </Text>
  );
}

function useDisconnect(
  { provider, key }: AtProvider,
  credential: string | null | undefined,
  planName: string,
  onClose: (gone: boolean) => void,
) {
  const { id: ws } = useHere();
  const product = useProduct();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function disconnect() {
    setBusy(true);
    setError(null);
    try {
      const params = { path: { ws, provider: provider.id }, query: credential ? { credential } : {} };
      await answered(api.DELETE("/api/v1/workspaces/{ws}/provider-keys/{provider}", { params }));
      const names = { provider: provider.name, product, plan: planName };
      notifications.show({ message: payerNow(key.payer_if_disconnected, names) });
      onClose(true);
    } catch (failure) {
      if (failure instanceof Failure && failure.problem.status === 404) {
        notifications.show({ message: `${provider.name} is disconnected already.` });
        onClose(true);
      } else {
        setError(failure);
      }
    }
    await queries.invalidateQueries(keysQuery(ws));
    setBusy(false);
  }
  return { disconnect, busy, error, forget: () => setError(null) };
}

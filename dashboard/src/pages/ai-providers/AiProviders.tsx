import { SimpleGrid, Stack } from "@mantine/core";
import { IconLock, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import type { Provider, ProviderKey } from "../../api/client";
import { Failure } from "../../api/failure";
import { keysQuery, plansQuery, providersQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { useDenied } from "../../session/denied";
import { ChangeButton } from "../../ui/ChangeButton";
import { Denied } from "../../ui/Denied";
import { FailurePanel } from "../../ui/FailurePanel";
import { Loading } from "../../ui/Loading";
import { Page } from "../../ui/Page";
import { BrokenKeys } from "./BrokenKeys";
import { DisconnectDialog } from "./DisconnectDialog";
import { HowOwnKeysWork } from "./HowOwnKeysWork";
import { PlanGate } from "./PlanGate";
import { ProviderCard } from "./ProviderCard";

export interface AtProvider {
  provider: Provider;
  key: ProviderKey;
}

export const WRITE = "PUT /api/v1/workspaces/{ws}/provider-keys/{provider}" as const;

/** Where keys are pasted: its script comes when somebody is about to open it, or does. */
function loadKeyDialog() {
  return import("./KeyDialog").then(
    ({ KeyDialog }) => ({ default: KeyDialog }),
    () => {
      throw Failure.unreachable();
    },
  );
}

const KeyDialog = lazy(loadKeyDialog);
const preload = () => void loadKeyDialog().catch(() => {});

export function AiProviders() {
  const here = useHere();
  const navigate = useNavigate();
  const providers = useQuery(providersQuery);
  const keys = useQuery(keysQuery(here.id));
  const plans = useQuery(plansQuery(here.id));
  const error = providers.error ?? keys.error ?? plans.error;
  const plan = plans.data?.find(({ current }) => current);
  const denied = useDenied(here.may(WRITE), "admin", "Only admins can add, rotate or remove provider keys.");
  const loaded = providers.data && keys.data && plans.data;
  return (
    <Page
      title="AI Providers"
      purpose="Use your own Anthropic and OpenAI accounts. Calls then run on your key and your provider bills you."
      within={here.name}
      action={
        <ChangeButton
          leftSection={
            plan?.byok === false ? <IconLock size={16} stroke={1.75} /> : <IconPlus size={16} stroke={1.75} />
          }
          denied={denied}
          w={{ base: "100%", xs: "auto" }}
          onClick={() => void navigate({ to: ".", search: { add: "" } })}
        >
          Add Provider Key
        </ChangeButton>
      }
    >
      {denied && <Denied>{denied}</Denied>}
      {plan && !plan.byok && <PlanGate plans={plans.data ?? []} />}
      {loaded ? (
        <Cards
          all={pair(providers.data, keys.data)}
          planName={plan?.name ?? here.plan}
          byok={plan?.byok ?? true}
          denied={denied}
        />
      ) : error ? (
        <FailurePanel
          error={error}
          retry={() => void Promise.all([providers.refetch(), keys.refetch(), plans.refetch()])}
        />
      ) : (
        <Loading heights={[280, 120]} />
      )}
    </Page>
  );
}

interface Props {
  all: readonly AtProvider[];
  planName: string;
  byok: boolean;
}

function Cards({ denied, ...props }: Props & { denied: string | undefined }) {
  const { all, planName } = props;
  return (
    <Stack gap="lg" onPointerEnter={preload} onFocus={preload}>
      <BrokenKeys all={all} denied={denied} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        {all.map((at) => (
          <ProviderCard key={at.provider.id} at={at} planName={planName} denied={denied} />
        ))}
      </SimpleGrid>
      <HowOwnKeysWork />
      <Dialogs {...props} />
    </Stack>
  );
}

/** The dialog that the address names. */
function Dialogs({ all, planName, byok }: Props) {
  const search = useSearch({ from: "/signed-in/w/$ws/settings/integrations/ai-providers" });
  const navigate = useNavigate();
  const mayWrite = useHere().may(WRITE);
  const close = () => void navigate({ to: ".", search: {} });
  const find = (id: string | undefined) => all.find(({ provider }) => provider.id === id);
  const isOpen = mayWrite && (search.add !== undefined || search.rotate !== undefined);
  const [wasOpen, setWasOpen] = useState(false);
  if (isOpen && !wasOpen) setWasOpen(true);
  const leaving = mayWrite ? find(search.disconnect) : undefined;
  return (
    <>
      {wasOpen && (
        <Suspense>
          <KeyDialog
            opened={isOpen}
            onClose={close}
            all={all}
            chosen={find(search.rotate ?? search.add)}
            fixed={search.rotate !== undefined}
            onChoose={(add) => void navigate({ to: ".", search: { add }, replace: true })}
            planHasKeys={byok}
          />
        </Suspense>
      )}
      <DisconnectDialog at={leaving} planName={planName} onClose={close} />
    </>
  );
}

function pair(providers: readonly Provider[], keys: readonly ProviderKey[]): AtProvider[] {
  return providers.flatMap((provider) => {
    const key = keys.find((key) => key.provider === provider.id);
    return key ? [{ provider, key }] : [];
  });
}

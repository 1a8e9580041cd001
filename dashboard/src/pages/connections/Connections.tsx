import { SimpleGrid, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Connection, ConnectionProvider } from "../../api/client";
import { connectionProvidersQuery, connectionsQuery } from "../../api/connections";
import { useHere, useProduct } from "../../session/context";
import { useDenied } from "../../session/denied";
import { Denied } from "../../ui/Denied";
import { Empty } from "../../ui/Empty";
import { FailurePanel } from "../../ui/FailurePanel";
import { Loading } from "../../ui/Loading";
import { Page } from "../../ui/Page";
import { ConnectionCard } from "./ConnectionCard";
import { DisconnectDialog } from "./DisconnectDialog";
import { NoProviders } from "./NoProviders";
import { Offers } from "./Offers";
import { Outcome } from "./Outcome";

export const BEGIN = "POST /api/v1/workspaces/{ws}/connections" as const;
export const DISCONNECT = "DELETE /api/v1/workspaces/{ws}/connections/{id}" as const;

export function Connections() {
  const here = useHere();
  const product = useProduct();
  const providers = useQuery(connectionProvidersQuery);
  const connections = useQuery(connectionsQuery(here.id));
  const error = providers.error ?? connections.error;
  const denied = useDeniedHere();
  return (
    <Page
      title="Connections"
      purpose={`Connect accounts such as Google or Slack. ${product} keeps their tokens fresh for your programs.`}
      within={here.name}
    >
      {denied && <Denied>{denied}</Denied>}
      {providers.data && connections.data ? (
        <Found providers={providers.data} connections={connections.data} />
      ) : error ? (
        <FailurePanel error={error} retry={() => void Promise.all([providers.refetch(), connections.refetch()])} />
      ) : (
        <Loading heights={[160, 280]} />
      )}
    </Page>
  );
}

/** Why a person may not connect accounts here. The operator may still disconnect them. */
export function useDeniedHere(): string | undefined {
  const here = useHere();
  const why = here.may(DISCONNECT)
    ? "Only admins of this workspace can connect its accounts. You can disconnect them."
    : "Only admins can connect and disconnect accounts.";
  return useDenied(here.may(BEGIN), "admin", why);
}

interface Props {
  providers: readonly ConnectionProvider[];
  connections: readonly Connection[];
}

/** What waits for somebody comes first. */
function Found({ providers, connections }: Props) {
  const search = useSearch({ from: "/signed-in/w/$ws/settings/integrations/connections" });
  const navigate = useNavigate();
  const mayDisconnect = useHere().may(DISCONNECT);
  const titleOf = (name: string) => providers.find(({ provider }) => provider === name)?.title ?? name;
  const leaving = mayDisconnect ? connections.find(({ id }) => id === search.disconnect) : undefined;
  const cards = (heading: string, states: (state: string) => boolean) => {
    const some = connections.filter(({ state }) => states(state));
    return some.length > 0 && <Cards heading={heading} connections={some} providers={providers} titleOf={titleOf} />;
  };
  const live = connections.some(({ state }) => state !== "revoked");
  return (
    <Stack gap="lg">
      <Outcome connections={connections} titleOf={titleOf} />
      {cards("Connect again", (state) => state === "needs_reauth")}
      {providers.length > 0 ? <Offers providers={providers} /> : <NoProviders />}
      {cards("Connected", (state) => state !== "needs_reauth" && state !== "revoked")}
      {!live && providers.length > 0 && (
        <Empty title="No account is connected">
          Connect one above: you agree at the provider and come back here. Your programs then fetch its token by the
          connection's id, or call over it and never see the token.
        </Empty>
      )}
      {cards("Disconnected", (state) => state === "revoked")}
      <DisconnectDialog
        connection={leaving}
        title={leaving ? titleOf(leaving.provider) : ""}
        onClose={() => void navigate({ to: ".", search: {} })}
      />
    </Stack>
  );
}

interface CardsProps extends Props {
  heading: string;
  titleOf: (provider: string) => string;
}

function Cards({ heading, connections, providers, titleOf }: CardsProps) {
  return (
    <Stack gap="sm">
      <Title order={2}>{heading}</Title>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        {connections.map((connection) => (
          <ConnectionCard
            key={connection.id}
            connection={connection}
            title={titleOf(connection.provider)}
            offered={providers.some(({ provider }) => provider === connection.provider)}
          />
        ))}
      </SimpleGrid>
    </Stack>
  );
}

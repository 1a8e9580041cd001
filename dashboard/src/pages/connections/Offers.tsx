import { Code, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { ConnectionProvider } from "../../api/client";
import { useSession } from "../../session/context";
import { ChangeButton } from "../../ui/ChangeButton";
import { FailurePanel } from "../../ui/FailurePanel";
import classes from "./ConnectionCard.module.css";
import { useDeniedHere } from "./Connections";
import { useLeave } from "./useLeave";

/** The providers whose accounts can be connected. */
export function Offers({ providers }: { providers: readonly ConnectionProvider[] }) {
  return (
    <Paper withBorder p="lg" component="section" aria-labelledby="connect">
      <Stack gap="md">
        <Title order={2} id="connect">
          Connect an account
        </Title>
        {providers.map((provider) => (
          <Offer key={provider.provider} provider={provider} />
        ))}
      </Stack>
    </Paper>
  );
}

function Offer({ provider: { provider, title, scopes, redirect_uri } }: { provider: ConnectionProvider }) {
  const { user } = useSession();
  const denied = useDeniedHere();
  const { leave, busy, error } = useLeave();
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="sm" className={classes.actions}>
        <Stack gap={0} miw={0}>
          <Text fw={500}>{title}</Text>
          <Text size="sm" c="dimmed" className={classes.wrap}>
            {scopes.length > 0 ? `Asks for ${scopes.join(", ")}` : "Asks for what the provider gives by itself"}
          </Text>
          {user.is_operator && (
            <Text size="sm" c="dimmed" className={classes.wrap}>
              The redirect URI to write down there is <Code>{redirect_uri}</Code>
            </Text>
          )}
        </Stack>
        <ChangeButton
          leftSection={<IconPlus size={16} stroke={1.75} />}
          variant="default"
          denied={denied}
          loading={busy}
          onClick={() => void leave({ provider })}
        >
          {`Connect ${title}`}
        </ChangeButton>
      </Group>
      {error !== null && <FailurePanel error={error} />}
    </Stack>
  );
}

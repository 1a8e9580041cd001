import { Button, Group, Loader, Stack, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import type { Provider, ProviderKey } from "../../api/client";
import { useHere } from "../../session/context";
import { FailurePanel } from "../../ui/FailurePanel";
import { forgetSaving, useUnwatchedSaving } from "./saving";
import { VerdictPanel } from "./VerdictPanel";

/** On a card: that a new key is being tested, and what came of it, when its dialog has been closed meanwhile. */
export function SavingNews({ provider, current }: { provider: Provider; current: ProviderKey }) {
  const { id: ws } = useHere();
  const navigate = useNavigate();
  const saving = useUnwatchedSaving(ws, provider.id);
  const dismiss = (
    <Button size="xs" variant="subtle" onClick={() => forgetSaving(ws, provider.id)}>
      Dismiss
    </Button>
  );
  const again = () =>
    void navigate({
      to: "/w/$ws/settings/integrations/ai-providers",
      params: { ws },
      search: current.state === "none" ? { add: provider.id } : { rotate: provider.id },
    });
  switch (saving.kind) {
    case "none":
      return null;
    case "testing":
      return (
        <Group gap="xs" role="status">
          <Loader size="xs" />
          <Text size="sm">Testing the new key with {provider.name}…</Text>
        </Group>
      );
    case "stored":
      if (saving.key.state === "needs_test" || !saving.key.verdict) return null;
      return <VerdictPanel verdict={saving.key.verdict} second={dismiss} />;
    case "refused":
      return <VerdictPanel verdict={saving.verdict} live="at once" onAct={again} second={dismiss} />;
    case "failed":
      return (
        <Stack gap="xs" align="flex-start">
          <FailurePanel error={saving.error} />
          {dismiss}
        </Stack>
      );
  }
}

import { Anchor, List, Stack, Text } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import type { Provider } from "../../api/client";

/** Where a provider's keys are made, step by step. */
export function Steps({ provider }: { provider: Provider }) {
  return (
    <Stack gap="xs">
      <Text fw={500} size="sm">
        Where to get it
      </Text>
      <List type="ordered" size="sm" spacing={2}>
        {provider.steps.map((step) => (
          <List.Item key={step}>{step}</List.Item>
        ))}
      </List>
      <Anchor href={provider.keys_url} target="_blank" rel="noreferrer" size="sm">
        Open API keys at {provider.name} <IconExternalLink size={14} aria-label="(new tab)" />
      </Anchor>
    </Stack>
  );
}

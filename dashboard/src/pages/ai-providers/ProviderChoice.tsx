import { Radio, SimpleGrid, Text } from "@mantine/core";
import type { AtProvider } from "./AiProviders";
import classes from "./ProviderChoice.module.css";

interface Props {
  all: readonly AtProvider[];
  chosen: string | undefined;
  onChoose: (provider: string) => void;
}

export function ProviderChoice({ all, chosen, onChoose }: Props) {
  return (
    <Radio.Group label="Provider" value={chosen ?? null} onChange={onChoose}>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" mt="xs">
        {all.map(({ provider, key }, index) => (
          <Radio.Card
            key={provider.id}
            value={provider.id}
            p="md"
            className={classes.card}
            data-autofocus={(!chosen && index === 0) || undefined}
          >
            <Radio.Indicator className={classes.indicator} />
            <div>
              <Text fw={600}>{provider.name}</Text>
              <Text size="xs" c="dimmed">
                {key.state === "none" ? "No key yet" : `Replaces ${key.hint}`}
              </Text>
            </div>
          </Radio.Card>
        ))}
      </SimpleGrid>
    </Radio.Group>
  );
}

import { Group, Text } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Model } from "../api/client";
import { providersQuery } from "../api/queries";
import { usdPerMillion } from "../format/amount";
import { groupBy } from "../format/group";
import { PayerBadge, payerKind } from "./Payer";

/** Models as a list has them: by provider, those that can be called first. */
export function useModelOptions(models: readonly Model[]) {
  const providers = useQuery(providersQuery);
  const nameOf = (id: string) => providers.data?.find((provider) => provider.id === id)?.name ?? id;
  const sorted = models.toSorted((a, b) => Number(b.usable) - Number(a.usable));
  return [...groupBy(sorted, ({ provider }) => provider)].map(([provider, models]) => ({
    group: nameOf(provider),
    items: models.map(({ id }) => ({ value: id, label: id })),
  }));
}

/** A model in a list: what it costs and who would pay, or why it can't be called. Choosing such a one tells the rest. */
export function ModelOption({ model: { id, usable, reason, payer_now, prices_usd } }: { model: Model }) {
  const price = prices_usd.standard;
  const told = usable
    ? price?.input && price.output && `${usdPerMillion(price.input)} in, ${usdPerMillion(price.output)} out`
    : reason?.message;
  return (
    <Group justify="space-between" wrap="nowrap" gap="sm" flex={1} miw={0}>
      <div style={{ minWidth: 0 }}>
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {id}
        </Text>
        {told && (
          <Text size="xs" c="dimmed">
            {told}
          </Text>
        )}
      </div>
      {usable ? (
        <PayerBadge payer={payerKind(payer_now.payer)} />
      ) : (
        <IconLock size={16} stroke={1.75} aria-label="can't be called" />
      )}
    </Group>
  );
}

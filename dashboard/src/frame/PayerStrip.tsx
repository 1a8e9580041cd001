import { Group, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { keysQuery, providersQuery } from "../api/queries";
import { useHere } from "../session/context";
import { PayerBadge, payerKind, payerWord } from "../ui/Payer";

/** Who pays at each provider now, in one chip each; each leads to the page that explains it. */
export function PayerStrip() {
  const here = useHere();
  const keys = useQuery(keysQuery(here.id));
  const providers = useQuery(providersQuery);
  const nameOf = (id: string) => providers.data?.find((provider) => provider.id === id)?.name ?? id;
  return (
    <Group gap={6}>
      {keys.data?.map((key) => {
        const { provider } = key;
        const payer = payerKind(key.payer_now.payer);
        return (
          <UnstyledButton
            key={provider}
            renderRoot={(props) => (
              <Link
                to="/w/$ws/settings/integrations/ai-providers"
                params={{ ws: here.id }}
                search={{}}
                preload="intent"
                {...props}
              />
            )}
          >
            <PayerBadge payer={payer}>{`${nameOf(provider)} · ${payerWord(payer)}`}</PayerBadge>
          </UnstyledButton>
        );
      })}
    </Group>
  );
}

import { Anchor, Stack, Text } from "@mantine/core";
import { IconGauge } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Provider, ProviderKey } from "../../api/client";
import { spentBudgetsQuery } from "../../api/overview";
import { usd } from "../../format/amount";
import { useHere, useProduct } from "../../session/context";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { callsNow } from "../ai-providers/payer";
import { look, needsHand } from "../ai-providers/state";
import { LowCredits, useLowCredits } from "./LowCredits";

/** The threshold, in per cent, from which on a budget is worth a word. */
const NEARLY = 80;

/** What needs somebody, the worst first. */
export function Alerts({ keys, providers }: { keys: readonly ProviderKey[]; providers: readonly Provider[] }) {
  const here = useHere();
  const product = useProduct();
  const budgets = useQuery(spentBudgetsQuery(here.id));
  const broken = keys.filter(needsHand);
  const nearly = (budgets.data ?? []).filter(({ threshold }) => (threshold ?? 0) >= NEARLY);
  const low = useLowCredits(keys);
  if (broken.length + nearly.length === 0 && low === null) return null;
  return (
    <Stack gap="sm">
      {broken.map((key) => {
        const { tone, Icon, word } = look(key);
        const name = providers.find(({ id }) => id === key.provider)?.name ?? key.provider;
        return (
          <Panel key={key.provider} tone={tone} Icon={Icon} title={`${name} key: ${word.toLowerCase()}`}>
            <Text size="sm">
              {callsNow(key.payer_now, product)}{" "}
              <Anchor
                size="sm"
                renderRoot={(props) => (
                  <Link
                    to="/w/$ws/settings/integrations/ai-providers"
                    params={{ ws: here.id }}
                    search={{}}
                    {...props}
                  />
                )}
              >
                See the key
              </Anchor>
            </Text>
          </Panel>
        );
      })}
      {low && <LowCredits low={low} />}
      {nearly
        .toSorted((a, b) => (b.threshold ?? 0) - (a.threshold ?? 0))
        .map((budget) => (
          <Panel
            key={budget.id}
            tone={budget.threshold === 100 ? "bad" : "attention"}
            Icon={IconGauge}
            title={`Budget “${budget.id}”: ${budget.threshold === 100 ? "used up" : "over 80 % used"}`}
          >
            <Text size="sm">
              {usd(budget.used_usd)} of {usd(budget.limit_usd)}
              {budget.resets_at && (
                <>
                  , anew <Time at={budget.resets_at} />
                </>
              )}
              . {budget.threshold === 100 && budget.action === "block" && "Calls it counts are refused until then."}
            </Text>
          </Panel>
        ))}
    </Stack>
  );
}

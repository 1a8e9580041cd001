import { Anchor, Text } from "@mantine/core";
import { IconWallet } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ProviderKey } from "../../api/client";
import { creditsQuery } from "../../api/money";
import { lasts } from "../../format/credits";
import { useHere } from "../../session/context";
import { Panel } from "../../ui/Panel";

/** Credits that last for less are worth a word. */
const RUNWAY_DAYS = 3;

/** That credits run out, or have. */
export function useLowCredits(keys: readonly ProviderKey[]): "none" | "soon" | null {
  const here = useHere();
  const credits = useQuery(creditsQuery(here.id));
  if (keys.some(({ payer_now }) => payer_now.reason?.code === "insufficient_credits")) return "none";
  return (credits.data?.runway_days ?? RUNWAY_DAYS) < RUNWAY_DAYS ? "soon" : null;
}

export function LowCredits({ low }: { low: "none" | "soon" }) {
  const here = useHere();
  const credits = useQuery(creditsQuery(here.id));
  return (
    <Panel
      tone={low === "none" ? "bad" : "attention"}
      Icon={IconWallet}
      title={low === "none" ? "No credits left" : "Credits run out soon"}
    >
      <Text size="sm">
        {low === "none"
          ? "Calls that credits are to pay for fail."
          : `At last week's pace they last ${lasts(credits.data?.runway_days)}.`}{" "}
        <Anchor
          size="sm"
          renderRoot={(props) => <Link to="/w/$ws/settings/billing" params={{ ws: here.id }} search={{}} {...props} />}
        >
          See credits
        </Anchor>
      </Text>
    </Panel>
  );
}

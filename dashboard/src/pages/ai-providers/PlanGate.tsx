import { Anchor, Text } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Plan } from "../../api/client";
import { listed } from "../../format/listed";
import { useHere, useProduct } from "../../session/context";
import { Panel } from "../../ui/Panel";

/** What a plan without own keys would gain. Nothing of the page is hidden. */
export function PlanGate({ plans }: { plans: readonly Plan[] }) {
  const here = useHere();
  const product = useProduct();
  const names = plans.filter(({ byok }) => byok).map(({ name }) => name);
  return (
    <Panel tone="neutral" Icon={IconLock} title={`Bring your own key with ${listed(names, "or")}.`}>
      <Text size="sm">
        Run calls on your own Anthropic or OpenAI account: your prices, your limits, your contract. Your {product}{" "}
        subscription stays as it is.{" "}
        <Anchor
          size="sm"
          renderRoot={(props) => (
            <Link to="/w/$ws/settings/billing" params={{ ws: here.id }} search={{ tab: "plans" }} {...props} />
          )}
        >
          See plans
        </Anchor>
      </Text>
    </Panel>
  );
}

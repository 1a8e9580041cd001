import { Anchor, Button, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Provider } from "../api/client";
import { providersQuery } from "../api/queries";
import { useHere, useProduct } from "../session/context";
import { Coded } from "./Coded";
import { type Act, actOf, blamed, type Names, titleOf } from "./codes";
import { Panel } from "./Panel";
import { useWords } from "./useWords";

interface Props {
  code: string;
  /** What the server said of it, where it did: it knows the figures. */
  said?: string | undefined;
  /** The provider's id, if the call had one. */
  provider: string | null | undefined;
  model: string | null | undefined;
  /** Who was to pay, if it is known. */
  payer?: string | null | undefined;
  live?: boolean;
  again?: (() => void) | undefined;
  /** The call's receipt, if there is one and it is elsewhere. */
  receipt?: string | null | undefined;
}

/** Why a call failed: title, cause, one thing to do, and the code with its source. */
export function CodePanel({ code, said, provider, model, payer, live = false, again, receipt }: Props) {
  const product = useProduct();
  const providers = useQuery(providersQuery);
  const known = providers.data?.find(({ id }) => id === provider);
  const names: Names = { provider: known?.name ?? null, product, model: model ?? null };
  const words = useWords(code, payer);
  const act = actOf(code, names, payer);
  // What a provider says is in its own words, which tell little to most people.
  const theirs = words?.blame === "provider" ? said : undefined;
  return (
    <Panel
      tone="bad"
      Icon={IconAlertTriangle}
      title={words ? titleOf(words, names) : "This call was not served"}
      code={words ? `${code} · ${blamed(words, names)}` : code}
      live={live}
      actions={
        (act || receipt) && (
          <>
            {act && <Action act={act} provider={known} again={again} />}
            {receipt && <ReceiptLink req={receipt} />}
          </>
        )
      }
    >
      <Text size="sm">
        <Coded>{(theirs ? null : said) ?? words?.meaning ?? "The provider or the server refused it."}</Coded>
      </Text>
      {theirs && (
        <Text size="xs" c="dimmed">
          {known?.name ?? "The provider"} said: “{theirs}”
        </Text>
      )}
      {words && !act && (
        <Text size="sm">
          <Coded>{words.remedy}</Coded>
        </Text>
      )}
    </Panel>
  );
}

interface ActionProps {
  act: Act;
  provider: Provider | undefined;
  again: (() => void) | undefined;
}

function Action({ act, provider, again }: ActionProps) {
  const { id: ws } = useHere();
  if ("again" in act) {
    if (!again) return null;
    return (
      <Button size="xs" variant="default" onClick={again}>
        {act.label}
      </Button>
    );
  }
  if ("link" in act) {
    if (!provider) return null;
    return (
      <Anchor size="sm" href={provider[act.link]} target="_blank" rel="noreferrer">
        {act.label}
      </Anchor>
    );
  }
  return (
    <Anchor size="sm" renderRoot={(props) => <Link {...targetOf(act, ws, provider?.id)} {...props} />}>
      {act.label}
    </Anchor>
  );
}

function ReceiptLink({ req }: { req: string }) {
  const { id: ws } = useHere();
  return (
    <Anchor size="sm" renderRoot={(props) => <Link to="/w/$ws/receipts/$req" params={{ ws, req }} {...props} />}>
      Receipt
    </Anchor>
  );
}

const pages = {
  "ai-providers": "/w/$ws/settings/integrations/ai-providers",
  "api-keys": "/w/$ws/settings/api-keys",
  budgets: "/w/$ws/settings/budgets",
  playground: "/w/$ws/playground",
} as const;

function targetOf(act: Exclude<Act, { again: true } | { link: string }>, ws: string, provider: string | undefined) {
  const params = { ws };
  if ("billing" in act) return { to: "/w/$ws/settings/billing", params, search: { tab: act.billing } } as const;
  if ("page" in act) return { to: pages[act.page], params, search: {} } as const;
  return { to: pages["ai-providers"], params, search: provider ? { [act.dialog]: provider } : {} } as const;
}

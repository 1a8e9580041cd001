import { Button, Group, Paper, Stack, Text, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type KeyboardEvent, useState } from "react";
import type { Model, PayerOutlook } from "../../api/client";
import { agentsQuery, errorCodesQuery, modelsQuery, providersQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { useDenied } from "../../session/denied";
import { ChangeButton } from "../../ui/ChangeButton";
import { CodePanel } from "../../ui/CodePanel";
import { Denied } from "../../ui/Denied";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { useHeldBack } from "../../ui/useHeldBack";
import { AnswerFooter } from "./AnswerFooter";
import { CopyAs } from "./CopyAs";
import { NotServed } from "./NotServed";
import { ParametersMenu } from "./ParametersMenu";
import { NO_PARAMETERS, type Target } from "./request";
import { SHOWN, Targets } from "./Targets";
import { type Exchange, useConversation } from "./useConversation";

const USE = "POST /api/v1/workspaces/{ws}/playground-token" as const;
const PROMPTS = [
  "Explain in two sentences what a byte is.",
  "Write a haiku about receipts.",
  "List three uses of a paper clip.",
];

export function Playground() {
  const here = useHere();
  const models = useQuery(modelsQuery(here.id));
  // The words of a failure are here before one happens.
  useQuery(errorCodesQuery);
  const why = "Only members of this workspace can use the playground, viewers not among them.";
  const denied = useDenied(here.may(USE), "owner", `${why} Owners change roles.`);
  return (
    <Page title="Playground" purpose="Talk to a model and see who paid for each answer." within={here.name}>
      {denied ? (
        <Denied>{denied}</Denied>
      ) : (
        <Loaded query={models} heights={[36, 400]}>
          {(models) => <Conversation models={models.filter(({ mode }) => mode === "chat")} />}
        </Loaded>
      )}
    </Page>
  );
}

function Conversation({ models }: { models: readonly Model[] }) {
  const here = useHere();
  const search = useSearch({ from: "/signed-in/w/$ws/playground" });
  const navigate = useNavigate();
  const agents = useQuery(agentsQuery(here.id));
  const talk = useConversation(here.id);
  const [text, setText] = useState("");
  const [parameters, setParameters] = useState(NO_PARAMETERS);
  const agent = agents.data?.find(({ name, model }) => name === search.agent && model);
  const named = models.find(({ id }) => id === (agent?.model ?? search.model));
  const model = named ?? models.find(({ usable }) => usable) ?? models[0];
  const target: Target | null = model ? { model, name: agent ? `agent/${agent.name}` : model.id } : null;
  const go = (search: { model?: string; agent?: string }) => void navigate({ to: ".", search, replace: true });

  const held = useHeldBack();
  const blocked = model && !model.usable ? (model.reason?.message ?? "It can't be called here") : undefined;

  async function send() {
    if (blocked !== undefined || held !== undefined) return;
    if (target && (await talk.send(text, target, parameters))) setText("");
  }

  function keys(event: KeyboardEvent) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send();
    if (event.key === "Escape") talk.stop?.();
  }

  return (
    <Stack gap="md" maw={720}>
      <Group align="flex-end" gap="sm">
        <Targets
          models={models}
          agents={agents.data ?? []}
          model={model}
          agent={agent}
          onModel={(model) => go({ model })}
          onAgent={(agent) => go(agent ? { agent } : { model: model?.id })}
        />
        <ParametersMenu parameters={parameters} model={model} onChange={setParameters} />
        {talk.turns.length > 0 && talk.stop === null && (
          <Button variant="default" onClick={talk.clear}>
            Clear
          </Button>
        )}
      </Group>
      {models.length > SHOWN && (
        <Text size="xs" c="dimmed">
          There are {models.length} models; type in the field to find one.
        </Text>
      )}
      {talk.turns.length === 0 && <Prompts onChoose={setText} />}
      {talk.turns.map((exchange, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a conversation only grows
        <Said key={index} exchange={exchange} />
      ))}
      {talk.error !== null && <NotServed error={talk.error} model={model} again={() => void send()} />}
      {talk.note && (
        <Text size="sm" role="status">
          {talk.note}
        </Text>
      )}
      {model?.reason && !model.usable && (
        <CodePanel
          code={model.reason.code}
          said={model.reason.message}
          provider={model.provider}
          model={model.id}
          live
        />
      )}
      <Paper withBorder p="md">
        <Stack gap="sm">
          <Textarea
            label="Message"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            onKeyDown={keys}
            autosize
            minRows={2}
            maxRows={8}
          />
          <Group justify="space-between">
            {blocked === undefined ? <Paying model={model} /> : <span />}
            {talk.stop ? (
              <Button variant="default" onClick={talk.stop}>
                Stop
              </Button>
            ) : (
              <ChangeButton denied={blocked} onClick={() => void send()}>
                Send
              </ChangeButton>
            )}
          </Group>
        </Stack>
      </Paper>
      <Text size="xs" c="dimmed">
        Nothing here is kept; closing the page forgets it. Ctrl Enter sends, Esc stops.
      </Text>
    </Stack>
  );
}

/** Who pays for the next call, or why it would fail. It may be sent all the same: then it is known. */
function Paying({ model }: { model: Model | undefined }) {
  const outlook = model?.payer_now;
  if (outlook?.reason) return <Text size="sm">{`This call will fail: ${outlook.reason.message}.`}</Text>;
  return (
    <Group gap="xs">
      <Text size="sm" c="dimmed">
        This call will be paid by
      </Text>
      <PaidBy outlook={outlook} provider={model?.provider} />
      {outlook?.fallback && (
        <Text size="sm" c="dimmed">
          in place of your key
        </Text>
      )}
    </Group>
  );
}

/** Whose account a call is paid from: "your Anthropic key" is more than "own key". */
function PaidBy({ outlook, provider }: { outlook: PayerOutlook | undefined; provider: string | undefined }) {
  const providers = useQuery(providersQuery);
  const payer = payerKind(outlook?.payer);
  const name = providers.data?.find(({ id }) => id === provider)?.name;
  return <PayerBadge payer={payer}>{payer === "byok" && name ? `Your ${name} key` : undefined}</PayerBadge>;
}

function Said({ exchange: { role, content, by, request, receipt } }: { exchange: Exchange }) {
  return (
    <Paper withBorder p="md" bg={role === "user" ? "var(--ok-sunken)" : undefined}>
      <Group justify="space-between" mih={26}>
        <Text size="xs" c="dimmed">
          {by}
        </Text>
        {request && <CopyAs request={request} />}
      </Group>
      <Text style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{content || "…"}</Text>
      {receipt && <AnswerFooter req={receipt} />}
    </Paper>
  );
}

function Prompts({ onChoose }: { onChoose: (prompt: string) => void }) {
  return (
    <Group gap="xs">
      {PROMPTS.map((prompt) => (
        <Button key={prompt} variant="default" size="xs" onClick={() => onChoose(prompt)}>
          {prompt}
        </Button>
      ))}
    </Group>
  );
}

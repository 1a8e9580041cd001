import { Button, Group, Paper, Select, Stack, Text, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import type { Model } from "../../api/client";
import { modelsQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { useDenied } from "../../session/denied";
import { ChangeButton } from "../../ui/ChangeButton";
import { Denied } from "../../ui/Denied";
import { FailurePanel } from "../../ui/FailurePanel";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { PayerBadge, payerKind } from "../../ui/Payer";
import { AnswerFooter } from "./AnswerFooter";
import { playgroundOf, type Turn } from "./ask";

const USE = "POST /api/v1/workspaces/{ws}/playground-token" as const;
const PROMPTS = [
  "Explain in two sentences what a byte is.",
  "Write a haiku about receipts.",
  "List three uses of a paper clip.",
];

export function Playground() {
  const here = useHere();
  const models = useQuery(modelsQuery(here.id));
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

interface Exchange extends Turn {
  receipt?: string;
}

function Conversation({ models }: { models: readonly Model[] }) {
  const here = useHere();
  const search = useSearch({ from: "/signed-in/w/$ws/playground" });
  const navigate = useNavigate();
  const ask = useMemo(() => playgroundOf(here.id), [here.id]);
  const [turns, setTurns] = useState<readonly Exchange[]>([]);
  const [text, setText] = useState("");
  const [stop, setStop] = useState<AbortController | null>(null);
  const [note, setNote] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const answer = useRef("");
  const model = models.find(({ id }) => id === search.model) ?? models.find(({ usable }) => usable) ?? models[0];

  const blocked = model && !model.usable ? (model.reason?.message ?? "It can't be called here") : undefined;

  async function send(prompt: string) {
    if (!model || blocked !== undefined || !prompt.trim() || stop) return;
    const control = new AbortController();
    const before: Exchange[] = [...turns, { role: "user", content: prompt }];
    answer.current = "";
    setStop(control);
    setNote(null);
    setError(null);
    setTurns([...before, { role: "assistant", content: "" }]);
    const told = before.map(({ role, content }) => ({ role, content }));
    const grow = (piece: string) => {
      answer.current += piece;
      setTurns([...before, { role: "assistant", content: answer.current }]);
    };
    try {
      const receipt = await ask(model, told, grow, control.signal);
      setTurns([...before, { role: "assistant", content: answer.current, receipt }]);
      setText("");
    } catch (failure) {
      if (!answer.current) setTurns(turns);
      if (control.signal.aborted) setNote("Stopped. You pay for what was produced.");
      else setError(failure);
    }
    setStop(null);
  }

  function keys(event: KeyboardEvent) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send(text);
    if (event.key === "Escape") stop?.abort();
  }

  return (
    <Stack gap="md" maw={720}>
      <Group align="flex-end" gap="sm">
        <Select
          label="Model"
          data={models.map(({ id, usable, reason }) => ({
            value: id,
            label: usable ? id : `${id} · ${reason?.message}`,
            disabled: !usable,
          }))}
          value={model?.id ?? null}
          onChange={(id) => id && void navigate({ to: ".", search: { model: id }, replace: true })}
          allowDeselect={false}
          searchable
          w={{ base: "100%", xs: 360 }}
        />
        <Button variant="default" onClick={() => setTurns([])} disabled={turns.length === 0 || stop !== null}>
          Clear
        </Button>
      </Group>
      {turns.length === 0 && <Prompts onChoose={setText} />}
      {turns.map(({ role, content, receipt }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a conversation only grows
        <Paper key={index} withBorder p="md" bg={role === "user" ? "var(--ok-sunken)" : undefined}>
          <Text size="xs" c="dimmed">
            {role === "user" ? "You" : model?.id}
          </Text>
          <Text style={{ whiteSpace: "pre-wrap" }}>{content || "…"}</Text>
          {receipt && <AnswerFooter req={receipt} />}
        </Paper>
      ))}
      {error !== null && <FailurePanel error={error} />}
      {note && (
        <Text size="sm" role="status">
          {note}
        </Text>
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
            {blocked === undefined ? (
              <Group gap="xs">
                <Text size="sm" c="dimmed">
                  This call will be paid by
                </Text>
                <PayerBadge payer={payerKind(model?.payer)} />
              </Group>
            ) : (
              <Denied>{`${model?.id}: ${blocked}`}</Denied>
            )}
            {stop ? (
              <Button variant="default" onClick={() => stop.abort()}>
                Stop
              </Button>
            ) : (
              <ChangeButton denied={blocked} onClick={() => void send(text)}>
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

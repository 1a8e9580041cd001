import { Button, Group, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { answered, Failure } from "../../api/failure";
import { type Budget, type BudgetInput, budgetPreviewQuery, budgetsQuery } from "../../api/money";
import { plural } from "../../format/number";
import { useHere } from "../../session/context";
import { ChangeButton } from "../../ui/ChangeButton";
import { Dialog } from "../../ui/Dialog";
import { FailurePanel } from "../../ui/FailurePanel";
import { sayWithUndo } from "../../ui/Undo";
import classes from "./BudgetDialog.module.css";
import { actions, amount, type Draft, draftOf, empty, payers, periods, unpriced } from "./sentence";
import { useScopes } from "./useScopes";

const SETTLE_MS = 300;

interface Props {
  opened: boolean;
  /** The one to change; a new one without it. */
  budget: Budget | undefined;
  onClose: () => void;
}

export function BudgetDialog({ opened, budget, onClose }: Props) {
  return (
    <Dialog opened={opened} onClose={onClose} title={budget ? "Edit the budget" : "Add a budget"} size={560}>
      <Form key={budget?.id ?? ""} budget={budget} onClose={onClose} />
    </Dialog>
  );
}

function Form({ budget, onClose }: Omit<Props, "opened">) {
  const before = budget ? draftOf(budget) : empty;
  const [draft, setDraft] = useState<Draft>(before);
  const { save, busy, error } = useSave(budget, onClose);
  const limit = amount(draft.limit_usd);
  const countsAnew =
    budget && (draft.scope !== before.scope || draft.payer !== before.payer || draft.period !== before.period);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (limit) void save(draft);
      }}
    >
      <Stack gap="md">
        <Sentence draft={draft} onChange={(change) => setDraft((draft) => ({ ...draft, ...change }))} />
        {limit ? (
          <Preview draft={draft} />
        ) : (
          <Text size="sm" c="var(--ok-bad)" role="alert">
            Name the limit in USD, such as 20 or 0.50.
          </Text>
        )}
        {countsAnew && <Text size="sm">It will count other calls, so it begins at $0.00.</Text>}
        <Text size="sm" c="dimmed">
          Counted in USD at list price, whoever pays. Days and months are UTC.
        </Text>
        {error !== null && <FailurePanel error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {budget ? "Keep it as it was" : "Cancel"}
          </Button>
          <ChangeButton type="submit" loading={busy}>
            {budget ? "Save" : "Add"}
          </ChangeButton>
        </Group>
      </Stack>
    </form>
  );
}

/** The whole form, as the one sentence that it means. */
function Sentence({ draft, onChange }: { draft: Draft; onChange: (change: Partial<Draft>) => void }) {
  const scopes = useScopes();
  const known = scopes.some(({ value }) => value === draft.scope);
  const choose = (name: keyof Draft, label: string, data: { value: string; label: string }[]) => (
    <NativeSelect
      aria-label={label}
      className={classes.word}
      data={data}
      value={draft[name]}
      onChange={(event) => onChange({ [name]: event.currentTarget.value })}
    />
  );
  return (
    <div className={classes.sentence}>
      {choose("action", "What happens", actions)} calls of{" "}
      {choose("scope", "Which calls", known ? scopes : [...scopes, { value: draft.scope, label: draft.scope }])} paid by{" "}
      {choose("payer", "Paid by", payers)} above{" "}
      <TextInput
        aria-label="Limit in USD"
        className={classes.amount}
        leftSection="$"
        inputMode="decimal"
        value={draft.limit_usd}
        onChange={(event) => onChange({ limit_usd: event.currentTarget.value.trim() })}
        data-autofocus
      />{" "}
      {draft.period !== "total" && "per "}
      {choose("period", "Period", periods)}
      {draft.action === "block" && (
        <>
          <span>— calls of unknown price</span> {choose("unpriced", "Calls of unknown price", unpriced)}
        </>
      )}
    </div>
  );
}

/** What it would have done today, as the server counts it. */
function Preview({ draft }: { draft: Draft }) {
  const here = useHere();
  const [settled] = useDebouncedValue(draft, SETTLE_MS);
  const preview = useQuery({
    ...budgetPreviewQuery(here.id, settled),
    enabled: amount(settled.limit_usd) !== null,
    placeholderData: (previous) => previous,
  });
  const { calls_today: calls, stopped_today: stopped } = preview.data ?? {};
  if (preview.isError) return <FailurePanel error={preview.error} retry={() => void preview.refetch()} />;
  if (!preview.data) return <Text size="sm">Asking what it would have done today…</Text>;
  return (
    <Text fw={500} role="status">
      {typeof calls !== "number" || typeof stopped !== "number"
        ? "There were too many calls today to say what this would have stopped."
        : calls === 0
          ? "There was no such call today, so it would have stopped none."
          : `Today this would have stopped ${stopped === 0 ? "no call" : plural(stopped, "call")} of ${calls}.`}
    </Text>
  );
}

function useSave(budget: Budget | undefined, onClose: () => void) {
  const here = useHere();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const put = (id: string, body: BudgetInput) =>
    answered(api.PUT("/api/v1/workspaces/{ws}/budgets/{id}", { params: { path: { ws: here.id, id } }, body }));
  const refetch = () => queries.invalidateQueries(budgetsQuery(here.id));

  async function undo({ id, ...before }: { id: string } & Draft) {
    try {
      await put(id, before);
      notifications.show({ message: "The budget is as it was." });
    } catch (failure) {
      const said = failure instanceof Failure ? failure.problem.detail : "The budget could not be changed back.";
      notifications.show({ message: said, color: "red" });
    }
    await refetch();
  }

  async function save(draft: Draft) {
    setBusy(true);
    setError(null);
    try {
      if (budget) {
        await put(budget.id, draft);
        sayWithUndo("Saved. In force from the next call.", () => void undo({ id: budget.id, ...draftOf(budget) }));
      } else {
        const params = { path: { ws: here.id } };
        await answered(api.POST("/api/v1/workspaces/{ws}/budgets", { params, body: draft }));
        notifications.show({ message: "Added. In force from the next call." });
      }
      onClose();
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
    await refetch();
  }
  return { save, busy, error };
}

import { Stack, Text } from "@mantine/core";
import { useInterval } from "@mantine/hooks";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { Failure } from "../../api/failure";
import { useHasEnded } from "../../session/session";
import { ChangeButton } from "../../ui/ChangeButton";
import { FailurePanel } from "../../ui/FailurePanel";

interface Props {
  action: string;
  send: (fields: FormData) => Promise<void>;
  children: ReactNode;
}

/** A form that holds passwords: they stay in its inputs, are sent once, and are gone. */
export function SecretForm({ action, send, children }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [wait, startWait] = useCountdown();
  const ended = useHasEnded();
  useEffect(() => {
    if (ended) forget(form.current);
  }, [ended]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!form.current || busy || wait > 0) return;
    setBusy(true);
    setError(null);
    try {
      await send(new FormData(form.current));
    } catch (failure) {
      setError(failure);
      if (failure instanceof Failure) startWait(failure.problem.retry_after_s ?? 0);
      forget(form.current);
      form.current.querySelector<HTMLInputElement>("[data-secret] input")?.focus();
    } finally {
      setBusy(false);
    }
  }

  return (
    <form ref={form} onSubmit={(event) => void submit(event)}>
      <Stack gap="md">
        {children}
        {error !== null && <FailurePanel error={error} />}
        <ChangeButton type="submit" loading={busy} aria-disabled={wait > 0} fullWidth>
          {action}
        </ChangeButton>
        {wait > 0 && (
          <Text size="sm" c="dimmed" role="status">
            You can try again in {wait} s.
          </Text>
        )}
      </Stack>
    </form>
  );
}

function forget(form: HTMLFormElement | null) {
  for (const input of form?.querySelectorAll<HTMLInputElement>("[data-secret] input") ?? []) input.value = "";
}

function useCountdown(): [number, (seconds: number) => void] {
  const [left, setLeft] = useState(0);
  useInterval(() => setLeft((left) => Math.max(0, left - 1)), 1_000, { autoInvoke: true });
  return [left, setLeft];
}

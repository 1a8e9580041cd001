import { Button, Group, Stack, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { api, type ProviderKey, type Verdict } from "../../api/client";
import { answered, Failure } from "../../api/failure";
import { clock } from "../../format/time";
import { useHere } from "../../session/context";
import { Denied } from "../../ui/Denied";
import { FailurePanel } from "../../ui/FailurePanel";
import { useDelayed } from "../../ui/useDelayed";
import type { AtProvider } from "./AiProviders";
import { KeyField, type KeyInput } from "./KeyField";
import { ProviderChoice } from "./ProviderChoice";
import { Steps } from "./Steps";
import { StoredResult } from "./StoredResult";
import { VerdictPanel } from "./VerdictPanel";

interface Props {
  all: readonly AtProvider[];
  chosen: AtProvider | undefined;
  fixed: boolean;
  onChoose: (provider: string) => void;
  onTesting: (busy: boolean) => void;
  onStored: () => void;
  onClose: () => void;
  planHasKeys: boolean;
}

type Result =
  | { kind: "none" }
  | { kind: "stored"; key: ProviderKey; replaced: string | null; at: string }
  | { kind: "refused"; verdict: Verdict }
  | { kind: "failed"; error: unknown };

const SLOW_MS = 5_000;
/** After these the key may be sent again as it is, or be saved untested. */
const ASKED_IN_VAIN = ["unreachable", "provider_incident"];
/** What is to be done about these needs the key once more. */
const KEEPS_KEY = [...ASKED_IN_VAIN, "wrong_provider"];

export function KeyForm({ all, chosen, fixed, onChoose, onTesting, onStored, onClose, planHasKeys }: Props) {
  const { id: ws } = useHere();
  const input = useRef<KeyInput>(null);
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Result>({ kind: "none" });
  const [fieldFirst] = useState(chosen !== undefined);
  const slow = useDelayed(busy, SLOW_MS);
  useEffect(() => onTesting(busy), [busy, onTesting]);

  async function save(saveUnverified: boolean) {
    const key = input.current?.read() ?? "";
    if (!chosen || !key || busy) return;
    const replaced = chosen.key.hint ?? null;
    setBusy(true);
    setResult({ kind: "none" });
    try {
      const stored = await answered(
        api.PUT("/api/v1/workspaces/{ws}/provider-keys/{provider}", {
          params: { path: { ws, provider: chosen.provider.id } },
          body: { key, save_unverified: saveUnverified },
        }),
      );
      input.current?.clear();
      setResult({ kind: "stored", key: stored, replaced, at: clock(new Date()) });
    } catch (error) {
      const verdict = error instanceof Failure ? error.problem.verdict : undefined;
      const signedOut = error instanceof Failure && error.signedOut;
      if (signedOut || (verdict && !KEEPS_KEY.includes(verdict.verdict))) input.current?.clear();
      setResult(verdict ? { kind: "refused", verdict } : { kind: "failed", error });
      input.current?.focus();
    }
    setBusy(false);
    onStored();
  }

  function choose(provider: string) {
    setResult({ kind: "none" });
    onChoose(provider);
  }

  function act({ verdict }: Verdict) {
    const meant = input.current?.meantFor();
    if (verdict === "wrong_provider" && meant) choose(meant);
    else if (ASKED_IN_VAIN.includes(verdict)) void save(false);
    else input.current?.focus();
  }

  if (result.kind === "stored" && chosen) {
    return (
      <StoredResult at={chosen} stored={result.key} replaced={result.replaced} time={result.at} onDone={onClose} />
    );
  }
  const current = chosen?.key.state !== "none" ? chosen?.key.hint : null;
  return (
    <form
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        void save(false);
      }}
    >
      <Stack gap="md">
        {current && <Text size="sm">Your current key {current} stays in use until the new one has passed.</Text>}
        {!fixed && <ProviderChoice all={all} chosen={chosen?.provider.id} onChoose={choose} />}
        {chosen && result.kind === "none" && <Steps provider={chosen.provider} />}
        {result.kind === "refused" && (
          <VerdictPanel
            verdict={result.verdict}
            busy={busy}
            onAct={() => act(result.verdict)}
            second={
              ASKED_IN_VAIN.includes(result.verdict.verdict) && (
                <Button size="xs" variant="subtle" onClick={() => void save(true)} disabled={busy}>
                  Save without testing
                </Button>
              )
            }
          />
        )}
        {result.kind === "failed" && <FailurePanel error={result.error} />}
        {chosen && (
          <KeyField
            ref={input}
            provider={chosen.provider}
            all={all.map(({ provider }) => provider)}
            autoFocus={fieldFirst}
            inert={!planHasKeys}
            onAddFor={choose}
            judged={result.kind === "refused"}
          />
        )}
        {!planHasKeys && <Denied>Your plan has no own keys, so nothing can be saved here yet.</Denied>}
        <Group justify="flex-end" gap="sm">
          {busy && (
            <Text size="sm" c="dimmed" role="status">
              {slow ? `${chosen?.provider.name} is slow to answer; we wait up to 15 s.` : "Usually under 3 seconds."}
            </Text>
          )}
          <Button type="submit" loading={busy} aria-disabled={!chosen || !planHasKeys}>
            {busy ? `Testing with ${chosen?.provider.name}…` : "Save"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

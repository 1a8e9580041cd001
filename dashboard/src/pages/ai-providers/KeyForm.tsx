import { Group, Loader, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { Verdict } from "../../api/client";
import { Failure } from "../../api/failure";
import { clock } from "../../format/time";
import { useHere } from "../../session/context";
import { ChangeButton } from "../../ui/ChangeButton";
import { Denied } from "../../ui/Denied";
import { FailurePanel } from "../../ui/FailurePanel";
import { useDelayed } from "../../ui/useDelayed";
import type { AtProvider } from "./AiProviders";
import { KeyField, type KeyInput } from "./KeyField";
import classes from "./KeyForm.module.css";
import { ProviderChoice } from "./ProviderChoice";
import { Steps } from "./Steps";
import { StoredResult } from "./StoredResult";
import { type Saving, saveKey, useWatchedSaving } from "./saving";
import { VerdictPanel } from "./VerdictPanel";

interface Props {
  all: readonly AtProvider[];
  chosen: AtProvider | undefined;
  fixed: boolean;
  onChoose: (provider: string) => void;
  onTesting: (busy: boolean) => void;
  onClose: () => void;
  planHasKeys: boolean;
}

const SLOW_MS = 5_000;
/** After these the key may be sent again as it is, or be saved untested. */
const ASKED_IN_VAIN = ["unreachable", "provider_incident"];
/** What is to be done about these needs the key once more. */
const KEEPS_KEY = [...ASKED_IN_VAIN, "wrong_provider"];

export function KeyForm({ all, chosen, fixed, onChoose, onTesting, onClose, planHasKeys }: Props) {
  const { id: ws } = useHere();
  const input = useRef<KeyInput>(null);
  const queries = useQueryClient();
  const result = useWatchedSaving(ws, chosen?.provider.id ?? "");
  const busy = result.kind === "testing";
  const [fieldFirst] = useState(chosen !== undefined);
  const slow = useDelayed(busy, SLOW_MS);
  useEffect(() => onTesting(busy), [busy, onTesting]);

  async function save(saveUnverified: boolean) {
    const key = input.current?.read() ?? "";
    if (!chosen || !key || busy) return;
    const [provider, replaced] = [chosen.provider.id, chosen.key.hint ?? null];
    const came = await saveKey(queries, { ws, provider, key, replaced, saveUnverified });
    if (!keepsKey(came)) input.current?.clear();
    if (came.kind !== "stored") input.current?.focus();
  }

  function choose(provider: string) {
    if (!busy) onChoose(provider);
  }

  function act({ verdict }: Verdict) {
    const meant = input.current?.meantFor();
    if (verdict === "wrong_provider" && meant) choose(meant);
    else if (ASKED_IN_VAIN.includes(verdict)) void save(false);
    else input.current?.focus();
  }

  if (result.kind === "stored" && chosen) {
    return (
      <StoredResult
        at={chosen}
        stored={result.key}
        replaced={result.replaced}
        time={clock(result.at)}
        onDone={onClose}
      />
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
      <Stack gap="md" className={classes.form}>
        {current && <Text size="sm">Your current key {current} stays in use until the new one has passed.</Text>}
        {!fixed && <ProviderChoice all={all} chosen={chosen?.provider.id} onChoose={choose} />}
        {chosen && (result.kind === "none" || busy) && <Steps provider={chosen.provider} />}
        {result.kind === "refused" && (
          <VerdictPanel
            verdict={result.verdict}
            busy={busy}
            onAct={() => act(result.verdict)}
            second={
              ASKED_IN_VAIN.includes(result.verdict.verdict) && (
                <ChangeButton size="xs" variant="subtle" onClick={() => void save(true)}>
                  Save without testing
                </ChangeButton>
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
        <Group justify="flex-end" gap="sm" className={classes.bar}>
          {busy && (
            <Text size="sm" c="dimmed" role="status">
              {slow ? `${chosen?.provider.name} is slow to answer; we wait up to 15 s.` : "Usually under 3 seconds."}
            </Text>
          )}
          <ChangeButton
            type="submit"
            leftSection={busy && <Loader size={16} color="currentColor" />}
            aria-disabled={busy || !chosen || !planHasKeys}
          >
            {busy ? `Testing with ${chosen?.provider.name}…` : "Save"}
          </ChangeButton>
        </Group>
      </Stack>
    </form>
  );
}

/** Whether what is to be done now needs the key once more. One that nobody is signed in for any more goes, too. */
function keepsKey(came: Saving): boolean {
  if (came.kind === "refused") return KEEPS_KEY.includes(came.verdict.verdict);
  return came.kind === "failed" && !(came.error instanceof Failure && came.error.signedOut);
}

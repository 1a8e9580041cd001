import { Button, Checkbox, Group, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { type ApiKey, api } from "../../api/client";
import { answered } from "../../api/failure";
import { apiKeysQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { useHasEnded } from "../../session/session";
import { ChangeButton } from "../../ui/ChangeButton";
import { Dialog } from "../../ui/Dialog";
import { FailurePanel } from "../../ui/FailurePanel";
import { type Made, ShownOnce } from "./ShownOnce";
import { expiresAt, expiries, presets, scopes } from "./scopes";

export function CreateDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const phone = useMediaQuery("(max-width: 48em)");
  // A key that is shown goes by its own button only: Esc would lose it.
  const [isShown, setShown] = useState(false);
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      title="Create API key"
      size={600}
      fullScreen={phone}
      closeOnClickOutside={false}
      closeOnEscape={!isShown}
      withCloseButton={!isShown}
    >
      <Creation onShown={setShown} onClose={onClose} />
    </Dialog>
  );
}

function Creation({ onShown, onClose }: { onShown: (isShown: boolean) => void; onClose: () => void }) {
  const { id: ws } = useHere();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [preset, setPreset] = useState("app");
  const [chosen, setChosen] = useState<string[]>(["inference"]);
  const [days, setDays] = useState("90");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [made, setMade] = useState<Made | null>(null);
  /** The name of a key that was shown until the session ended. */
  const [hidden, setHidden] = useState<string | null>(null);
  useEffect(() => {
    onShown(made !== null);
    return () => onShown(false);
  }, [made, onShown]);
  const ended = useHasEnded();
  useEffect(() => {
    if (!ended || !made) return;
    setHidden(made.name);
    setMade(null);
  }, [ended, made]);

  function choose(value: string) {
    const next = presets.find((preset) => preset.value === value);
    setPreset(value);
    if (!next) return;
    setDays(next.days);
    if (next.scopes.length > 0) setChosen([...next.scopes]);
  }

  async function create() {
    setBusy(true);
    setError(null);
    try {
      const body = { name: name.trim(), scopes: chosen, expires_at: expiresAt(days, new Date()) };
      const key = await answered(api.POST("/api/v1/workspaces/{ws}/api-keys", { params: { path: { ws } }, body }));
      setMade(shownBy(key));
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
    await queries.invalidateQueries(apiKeysQuery(ws));
  }

  if (made) return <ShownOnce made={made} onDone={onClose} />;
  if (hidden !== null) return <Hidden name={hidden} onDone={onClose} />;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <Stack gap="md">
        <TextInput
          label="Name"
          placeholder="CI on main"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
          required
          withAsterisk={false}
        />
        <div>
          <Text size="sm" fw={500} mb={4}>
            For
          </Text>
          <SegmentedControl
            aria-label="For"
            data={presets.map(({ value, label }) => ({ value, label }))}
            value={preset}
            onChange={choose}
            fullWidth
          />
        </div>
        {preset !== "custom" && (
          <div>
            <Text size="sm" fw={500}>
              It may
            </Text>
            {scopes
              .filter(({ scope }) => chosen.includes(scope))
              .map(({ scope, text }) => (
                <Text key={scope} size="sm">
                  {text}{" "}
                  <Text span c="dimmed">
                    {scope}
                  </Text>
                </Text>
              ))}
          </div>
        )}
        {preset === "custom" && (
          <Checkbox.Group label="It may" value={chosen} onChange={setChosen}>
            <Stack gap="xs" mt="xs">
              {scopes.map(({ scope, text }) => (
                <Checkbox key={scope} value={scope} label={text} description={scope} />
              ))}
            </Stack>
          </Checkbox.Group>
        )}
        <Select
          label="Expires"
          data={expiries}
          value={days}
          allowDeselect={false}
          onChange={(value) => value && setDays(value)}
        />
        {error !== null && <FailurePanel error={error} />}
        <Group justify="flex-end">
          <ChangeButton type="submit" loading={busy} aria-disabled={chosen.length === 0}>
            Create API key
          </ChangeButton>
        </Group>
      </Stack>
    </form>
  );
}

/** What is left of a new key when the session of who made it has ended. */
function Hidden({ name, onDone }: { name: string; onDone: () => void }) {
  return (
    <Stack gap="md">
      <Text role="status">
        The key <em>{name}</em> is not shown any more, because your session ended. If you have copied it, it works. If
        not, revoke it and create another.
      </Text>
      <Group justify="flex-end">
        <Button onClick={onDone} data-autofocus>
          Done
        </Button>
      </Group>
    </Stack>
  );
}

/** A new key whose secret stays in this closure until the dialog is gone. */
function shownBy({ id, name, scopes, secret }: ApiKey & { secret: string }): Made {
  return {
    id,
    name,
    scopes,
    show: (element) => {
      if (element) element.textContent = secret;
    },
    read: () => secret,
  };
}

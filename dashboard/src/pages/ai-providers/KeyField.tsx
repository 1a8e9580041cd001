import { Button, Code, Group, PasswordInput, Stack } from "@mantine/core";
import { type ClipboardEvent, Fragment, type Ref, useEffect, useImperativeHandle, useRef, useState } from "react";
import type { Provider } from "../../api/client";
import { useProduct } from "../../session/context";
import { useHasEnded } from "../../session/session";
import classes from "./KeyField.module.css";
import { clean, type Hunch, hunch, wholeness } from "./paste";

export interface KeyInput {
  read(): string;
  clear(): void;
  focus(): void;
  /** The provider whose key it seems to be, if that is another one. */
  meantFor(): string | undefined;
}

interface Props {
  ref: Ref<KeyInput>;
  provider: Provider;
  all: readonly Provider[];
  autoFocus: boolean;
  inert: boolean;
  /** The key that is in the field is meant for another provider. */
  onAddFor: (provider: string) => void;
  /** The server has said what is the matter with it. */
  judged: boolean;
}

const FORGET_MS = 5 * 60_000;
const NOTHING: Hunch = { kind: "none" };
/** The common password managers take their hands off a field with these. */
const UNMANAGED = { "data-1p-ignore": true, "data-lpignore": "true", "data-bwignore": true, "data-form-type": "other" };

/**
 * Where a provider key is pasted. Its text is in this one element and nowhere else: no state, no cache, no library
 * ever holds it. It is gone when it was sent, when the dialog closes, when the session ends, when the page is left, and
 * after five minutes.
 */
export function KeyField({ ref, provider, all, autoFocus, inert, onAddFor, judged }: Props) {
  const element = useRef<HTMLInputElement>(null);
  const product = useProduct();
  const [removed, setRemoved] = useState<string | null>(null);
  const [seen, setSeen] = useState<Hunch>(NOTHING);

  const text = () => element.current?.value ?? "";
  const clear = () => {
    if (element.current) element.current.value = "";
    setSeen(NOTHING);
    setRemoved(null);
  };
  useImperativeHandle(ref, () => ({
    read: () => clean(text()).key,
    clear,
    focus: () => element.current?.focus(),
    meantFor: () => (seen.kind === "other" ? seen.provider.id : undefined),
  }));

  useEffect(() => {
    const input = element.current;
    const forget = () => {
      if (input) input.value = "";
    };
    const timer = setTimeout(forget, FORGET_MS);
    window.addEventListener("pagehide", forget);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("pagehide", forget);
      forget();
    };
  }, []);

  const ended = useHasEnded();
  // biome-ignore lint/correctness/useExhaustiveDependencies: when the session ends, and not whenever it is drawn
  useEffect(() => {
    if (ended) clear();
  }, [ended]);

  const look = () => setSeen(text() ? hunch(clean(text()).key, provider, all) : NOTHING);
  useEffect(
    () => setSeen(element.current?.value ? hunch(clean(element.current.value).key, provider, all) : NOTHING),
    [provider, all],
  );

  function paste(event: ClipboardEvent<HTMLInputElement>) {
    const pasted = clean(event.clipboardData.getData("text"));
    setRemoved(pasted.removed);
    if (pasted.removed && element.current) {
      event.preventDefault();
      const { selectionStart, selectionEnd } = element.current;
      element.current.setRangeText(pasted.key, selectionStart ?? 0, selectionEnd ?? 0, "end");
      look();
    }
  }

  function leave() {
    const key = clean(text()).key;
    if (key && seen.kind === "none") setSeen(wholeness(key));
  }

  const hint = removed ? (
    `Removed ${removed} around it.`
  ) : (
    <>
      Starts with <Prefixes of={provider} />. Kept encrypted, never shown again, never in our logs.
    </>
  );
  return (
    <Stack gap="xs">
      <PasswordInput
        ref={element}
        label={`${provider.name} key`}
        description={hint}
        inputWrapperOrder={["label", "input", "description", "error"]}
        error={judged ? null : warning(seen, provider, product)}
        autoComplete="off"
        spellCheck={false}
        data-autofocus={autoFocus || undefined}
        disabled={inert}
        onPaste={paste}
        onInput={look}
        onBlur={leave}
        visibilityToggleButtonProps={{ "aria-label": "Show the key" }}
        classNames={{ innerInput: classes.key }}
        {...UNMANAGED}
      />
      {seen.kind === "other" && !judged && (
        <Group>
          <Button size="xs" variant="default" onClick={() => onAddFor(seen.provider.id)}>
            {`Add it for ${seen.provider.name}`}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Prefixes({ of: { key_prefixes } }: { of: Provider }) {
  return key_prefixes.split(" or ").map((prefix, at) => (
    <Fragment key={prefix}>
      {at > 0 && " or "}
      <Code>{prefix}</Code>
    </Fragment>
  ));
}

/** What the server would say of it, without it being sent. */
function warning(seen: Hunch, { name, key_prefixes }: Provider, product: string): string | null {
  const unsent = `It was not sent to ${name}.`;
  switch (seen.kind) {
    case "none":
      return null;
    case "ours":
      return `That is a ${product} key, not a provider key.`;
    case "other":
      return `This looks like an ${seen.provider.name} key. ${name} keys start with ${key_prefixes}, this one starts with ${seen.prefix}. ${unsent}`;
    case "not_for_calls":
      return `This is ${seen.what}. ${name} uses it to ${seen.purpose}, not to call models. ${unsent}`;
    case "malformed":
      return `This isn't a whole key. ${seen.why} ${unsent}`;
  }
}

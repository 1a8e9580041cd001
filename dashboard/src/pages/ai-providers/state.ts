import {
  type Icon,
  IconAlertOctagon,
  IconCheck,
  IconCircle,
  IconCircleHalf2,
  IconClockExclamation,
  IconHelp,
  IconLock,
  IconMoon,
  IconTriangleInverted,
} from "@tabler/icons-react";
import type { ProviderKey, Verdict } from "../../api/client";
import type { Tone } from "../../ui/tone";

export interface Look {
  tone: Tone;
  Icon: Icon;
  word: string;
}

const states: Record<Exclude<ProviderKey["state"], "active">, Look> = {
  none: { tone: "neutral", Icon: IconCircle, word: "No key yet" },
  invalid: { tone: "bad", Icon: IconAlertOctagon, word: "Refused" },
  needs_test: { tone: "attention", Icon: IconHelp, word: "Not tested" },
  sealed: { tone: "bad", Icon: IconLock, word: "Can't be opened" },
  dormant: { tone: "attention", Icon: IconMoon, word: "Asleep" },
};

const works: Look = { tone: "ok", Icon: IconCheck, word: "Works" };
const active: Record<string, Look> = {
  valid_limited: { tone: "attention", Icon: IconCircleHalf2, word: "Works, with limits" },
  rate_limited: { tone: "attention", Icon: IconClockExclamation, word: "Over its limit" },
  quota_exhausted: { tone: "bad", Icon: IconTriangleInverted, word: "No money left" },
};

/** How a provider key's state looks. */
export function look(key: ProviderKey): Look {
  if (key.state !== "active") return states[key.state];
  return active[matter(key) ?? ""] ?? works;
}

/** What is the matter with a key in use: what the server knows of calls on it counts more than its last test. */
export function matter({ payer_now, verdict }: ProviderKey): string | undefined {
  const { on_own_key, fallback, reason } = payer_now;
  const met = fallback ?? reason?.code.replace(/^provider_/, "");
  if (on_own_key && met) return met;
  // Calls were answered since.
  return on_own_key && verdict?.verdict === "quota_exhausted" ? undefined : verdict?.verdict;
}

/** What a test said, in a word or three. */
export function tested({ verdict }: Verdict): string {
  if (verdict === "valid") return works.word;
  return (verdict === "invalid" ? states.invalid : (active[verdict] ?? states.needs_test)).word;
}

/** Whether a key waits for somebody to do something: not while calls go without it. */
export function needsHand(key: ProviderKey): boolean {
  const { on_own_key, payer } = key.payer_now;
  return look(key).tone === "bad" && (on_own_key || !payer);
}

import {
  type Icon,
  IconAlertTriangle,
  IconBan,
  IconCheck,
  IconClock,
  IconPlayerPause,
  IconX,
} from "@tabler/icons-react";
import type { Webhook, WebhookAttempt, WebhookDelivery } from "../../api/client";
import type { Tone } from "../../ui/tone";

interface Look {
  tone: Tone;
  Icon: Icon;
  word: string;
}

/** What one can be told of, in the order in which it is offered. */
export const events: readonly { event: string; text: string }[] = [
  { event: "provider_key.invalid", text: "A provider refuses a key" },
  { event: "provider_key.recovered", text: "A refused key works again" },
  { event: "provider_key.quota_exhausted", text: "A key's account has no money" },
  { event: "budget.threshold", text: "A budget reaches 50, 80 or 100 %" },
  { event: "credits.low", text: "A fifth or less is left of the credits" },
  { event: "connection.needs_reauth", text: "A connection needs somebody to sign in again" },
];

const test = { event: "webhook.test", text: "A test" };

/** What a message tells of. */
export function told(event: string): string {
  return [...events, test].find((known) => known.event === event)?.text ?? event;
}

/** How things stand with a webhook. */
export function lookOf({ disabled_reason, failing_since, last_delivered_at }: Webhook): Look {
  switch (disabled_reason) {
    case null:
    case undefined:
      break;
    case "by_hand":
      return { tone: "neutral", Icon: IconPlayerPause, word: "Paused" };
    default:
      return { tone: "bad", Icon: IconBan, word: "Switched off" };
  }
  if (failing_since) return { tone: "attention", Icon: IconAlertTriangle, word: "Messages don't arrive" };
  if (!last_delivered_at) return { tone: "neutral", Icon: IconClock, word: "Nothing sent yet" };
  return { tone: "ok", Icon: IconCheck, word: "Messages arrive" };
}

/** Why a webhook is sent nothing, as sentences with what to do. */
export function whyOff(reason: string): string {
  switch (reason) {
    case "by_hand":
      return "Somebody paused it. Nothing is sent, and what happens meanwhile is not kept for it.";
    case "failing":
      return "Its receiver has taken nothing for five days. Set the receiver right, then switch it on and send what was missed again.";
    case "gone":
      return "Its receiver answered that it wants nothing more (410). Switch it on if that was a mistake.";
    default:
      return "Nothing is sent to it.";
  }
}

/** What became of a message. */
export function became({ state }: WebhookDelivery): Look {
  switch (state) {
    case "delivered":
      return { tone: "ok", Icon: IconCheck, word: "Delivered" };
    case "failed":
      return { tone: "bad", Icon: IconX, word: "Given up" };
    default:
      return { tone: "neutral", Icon: IconClock, word: "Waiting" };
  }
}

/** How an attempt ended. */
export function ended({ outcome, status }: WebhookAttempt): string {
  switch (outcome) {
    case "delivered":
      return `taken (${status})`;
    case "refused":
      return status && status >= 300 && status < 400
        ? `sent elsewhere (${status}); redirects are not followed`
        : `answered ${status}`;
    case "timed_out":
      return "no answer in time";
    case "unreachable":
      return "no connection";
    case "address_refused":
      return "its name leads to no address that messages may go to";
    case "sealed":
      return "the server can't open the secret to sign with; tell your operator";
    default:
      return outcome;
  }
}

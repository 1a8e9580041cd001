import { type Icon, IconCheck, IconClockExclamation, IconPlugConnectedX, IconPlugOff } from "@tabler/icons-react";
import type { Connection } from "../../api/client";
import type { Tone } from "../../ui/tone";

export interface Look {
  tone: Tone;
  Icon: Icon;
  word: string;
}

const ID_SHOWN = 8;

/** The end of an id. They begin with the time, so those of one day look alike. */
export function short(id: string): string {
  return `…${id.slice(-ID_SHOWN)}`;
}

/** How a connection's state looks. */
export function look({ state, last_error }: Connection): Look {
  switch (state) {
    case "active":
      return last_error
        ? { tone: "attention", Icon: IconClockExclamation, word: "Active, not refreshed" }
        : { tone: "ok", Icon: IconCheck, word: "Active" };
    case "needs_reauth":
      return { tone: "bad", Icon: IconPlugConnectedX, word: "Needs to be connected again" };
    case "revoked":
      return last_error === "not_revoked"
        ? { tone: "attention", Icon: IconPlugOff, word: "Disconnected here" }
        : { tone: "neutral", Icon: IconPlugOff, word: "Disconnected" };
    default:
      return { tone: "neutral", Icon: IconPlugOff, word: state };
  }
}

/** Why its token was not refreshed, as a sentence. */
export function cause(error: string, provider: string): string {
  switch (error) {
    case "refused_by_provider":
      return `${provider} accepts this grant no more: it was taken back there, has run out, or was used twice.`;
    case "answer_lost":
      return `${provider}'s answer to a refresh was lost, so what it issued is not known here.`;
    case "unreachable":
    case "timed_out":
    case "too_late":
    case "unanswered":
    case "unavailable":
      return `${provider} did not answer.`;
    case "sealed":
      return "The server can't open its tokens. Tell your operator.";
    case "not_configured":
      return `${provider} is not in the server's configuration any more. Tell your operator.`;
    case "other_error":
      return `${provider} answered with an error of its own.`;
    default:
      return `${provider} does not accept how this server asks. Tell your operator.`;
  }
}

interface Said {
  title: string;
  text: string;
}

const failures: Record<string, Said> = {
  denied: {
    title: "Nobody agreed",
    text: "The provider sent you back without a yes. Nothing was connected. Connect again if you meant to agree.",
  },
  refused: {
    title: "The provider refused",
    text: "It did not accept what it had just handed out. Nothing was connected. Connect once more; if it refuses again, tell your operator.",
  },
  provider_unavailable: {
    title: "The provider did not answer",
    text: "You agreed, but no token could be had. Nothing was connected. Try again in a minute.",
  },
  misconfigured: {
    title: "The provider does not accept this server",
    text: "What the server is configured with there, its client, secret, scopes or address, is not what the provider expects. Nothing was connected. Tell your operator.",
  },
  connection_expired: {
    title: "You came back too late, or twice",
    text: "That way back from the provider was used, took more than ten minutes, or began in another session. Nothing was connected now. Connect once more, unless the account is in the list.",
  },
  unauthorized: {
    title: "You were signed out while you were at the provider",
    text: "Nothing was connected. Connect once more.",
  },
  forbidden: {
    title: "You may not connect accounts any more",
    text: "Your role changed while you were at the provider. Nothing was connected. Ask an admin of the workspace.",
  },
  gone: {
    title: "The connection is gone",
    text: "It was disconnected while you were at the provider. Connect the account anew.",
  },
  too_many: {
    title: "This workspace has as many connections as it may",
    text: "Nothing was connected. Disconnect one that nothing uses, then connect again.",
  },
};

/** What is said of a way back that connected nothing. */
export function failed(word: string): Said & { code?: string } {
  const said = failures[word];
  if (said) return { ...said, code: word };
  return { title: "Nothing was connected", text: "Connect once more." };
}

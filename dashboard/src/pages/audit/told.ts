import { credits } from "../../format/amount";
import { kindOf } from "./words";

/** What an event was done to, as far as the event itself tells it. */
export function told(action: string, object: string, detail: unknown): string | null {
  const text = (name: string) => textOf(detail, name);
  switch (kindOf(action)) {
    case "agent":
      return text("model") ? `${object}, ${text("model")}` : object;
    case "budget":
      return text("name") ?? object;
    case "credits":
      return text("credits") ? credits(text("credits") ?? "") : null;
    case "api_key":
      return text("name");
    case "member":
      return text("role") && `as ${text("role")}`;
    case "webhook":
      return text("destination");
    case "connection":
      return text("provider");
    default:
      return null;
  }
}

/** The provider whose key an event was about. */
export function provided(detail: unknown): string | null {
  return textOf(detail, "provider");
}

function textOf(detail: unknown, name: string): string | null {
  if (typeof detail !== "object" || detail === null) return null;
  const value = new Map(Object.entries(detail)).get(name);
  return typeof value === "string" ? value : null;
}

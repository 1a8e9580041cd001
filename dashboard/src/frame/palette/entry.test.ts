import { IconKey } from "@tabler/icons-react";
import { describe, expect, it } from "vitest";
import { type Entry, find, pastedReceipt } from "./entry";

const entry = (group: Entry["group"], label: string, words?: string): Entry => ({
  id: label,
  group,
  label,
  words,
  Icon: IconKey,
  run: () => {},
});
const all = [
  entry("Models", "claude-haiku-4-5"),
  entry("Pages", "AI Providers", "byok rotate"),
  entry("Pages", "Who pays", "policy cap"),
  entry("Actions", "Add provider key", "byok"),
];
const labels = (query: string) => find(all, query).flatMap(({ entries }) => entries.map(({ label }) => label));

describe("the palette", () => {
  it("finds by synonym, by every word and whatever the case", () => {
    expect(labels("BYOK")).toEqual(["AI Providers", "Add provider key"]);
    expect(labels("byok add")).toEqual(["Add provider key"]);
    expect(labels("cap")).toEqual(["Who pays"]);
    expect(labels("nowhere")).toEqual([]);
  });

  it("shows no lists of things before anything is asked for", () => {
    expect(labels("")).toEqual(["AI Providers", "Who pays", "Add provider key"]);
    expect(labels("haiku")).toEqual(["claude-haiku-4-5"]);
  });

  it("knows a receipt's id", () => {
    expect(pastedReceipt(" req_0198c1f2a4b37000 ")).toBe("req_0198c1f2a4b37000");
    expect(pastedReceipt("req_")).toBeNull();
    expect(pastedReceipt("request")).toBeNull();
  });
});

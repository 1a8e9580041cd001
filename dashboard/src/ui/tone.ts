export type Tone = "ok" | "attention" | "bad" | "neutral";

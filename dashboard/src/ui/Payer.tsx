import { Badge } from "@mantine/core";
import { IconBan, IconCoin, IconKey } from "@tabler/icons-react";
import classes from "./Payer.module.css";

export type PayerKind = "byok" | "managed" | null;

const looks = {
  byok: { word: "Own key", Icon: IconKey, name: "own" },
  managed: { word: "Managed", Icon: IconCoin, name: "managed" },
  none: { word: "Nobody", Icon: IconBan, name: "none" },
} as const;

/** Whoever the server names, as the two payers and nobody look everywhere. */
export function payerKind(text: string | null | undefined): PayerKind {
  return text === "byok" || text === "managed" ? text : null;
}

/** Who pays for the next call at a provider, as a list says it. */
export function payerWord(payer: PayerKind): string {
  return { byok: "own key", managed: "managed", none: "no calls" }[payer ?? "none"];
}

/** The one look of a payer: icon, word, colour. */
export function PayerBadge({ payer, children }: { payer: PayerKind; children?: string | undefined }) {
  const { word, Icon, name } = looks[payer ?? "none"];
  return (
    <Badge
      className={classes[name]}
      leftSection={<Icon size={14} stroke={1.75} aria-hidden />}
      variant="default"
      tt="none"
      fw={500}
      size="lg"
    >
      {children ?? word}
    </Badge>
  );
}

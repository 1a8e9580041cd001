import { Badge } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";
import classes from "./Tone.module.css";
import type { Tone } from "./tone";

/** A state: icon and word, coloured by how much it matters. */
export function StateBadge({ tone, Icon, word }: { tone: Tone; Icon: Icon; word: string }) {
  return (
    <Badge
      className={`${classes[tone]} ${classes.badge}`}
      leftSection={<Icon size={14} stroke={1.75} aria-hidden />}
      variant="default"
      tt="none"
      fw={500}
      size="lg"
    >
      {word}
    </Badge>
  );
}

import { Stack } from "@mantine/core";
import { Panel } from "../../ui/Panel";
import type { AtProvider } from "./AiProviders";
import { CardLink } from "./CardLink";
import { look, needsHand } from "./state";

interface Props {
  all: readonly AtProvider[];
  denied: string | undefined;
}

/** The keys that somebody must do something about, before everything else. Their cards say more. */
export function BrokenKeys({ all, denied }: Props) {
  const broken = all.filter(({ key }) => needsHand(key));
  if (broken.length === 0) return null;
  return (
    <Stack gap="sm">
      {broken.map((at) => {
        const { tone, Icon, word } = look(at.key);
        const rotate = (
          <CardLink search={{ rotate: at.provider.id }} denied={denied} size="xs">
            {`Rotate the ${at.provider.name} key`}
          </CardLink>
        );
        return (
          <Panel
            key={at.provider.id}
            tone={tone}
            Icon={Icon}
            title={`${at.provider.name} key: ${word.toLowerCase()}`}
            live
            actions={at.key.state === "invalid" && rotate}
          />
        );
      })}
    </Stack>
  );
}

import { ActionIcon, Button, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";

const Palette = lazy(() => import("./Palette"));

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Opens the palette, as does ⌘K or Ctrl K from anywhere, also while one types. */
export function PaletteButton({ wide }: { wide: boolean }) {
  const [asked, setAsked] = useState(0);
  const ask = () => setAsked((asked) => asked + 1);
  useHotkeys([["mod+K", ask]], []);
  return (
    <>
      {wide ? (
        <Button
          variant="default"
          fw={400}
          onClick={ask}
          leftSection={<IconSearch size={16} stroke={1.75} />}
          rightSection={
            <Text span size="xs" c="dimmed">
              {isApple ? "⌘K" : "Ctrl K"}
            </Text>
          }
        >
          Search or jump to…
        </Button>
      ) : (
        <ActionIcon variant="subtle" size="lg" aria-label="Search or jump to…" onClick={ask}>
          <IconSearch size={20} stroke={1.75} />
        </ActionIcon>
      )}
      {asked > 0 && (
        <Suspense>
          <Palette asked={asked} />
        </Suspense>
      )}
    </>
  );
}

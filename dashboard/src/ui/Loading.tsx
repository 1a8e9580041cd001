import { Skeleton, Stack, VisuallyHidden } from "@mantine/core";
import { useTimeout } from "@mantine/hooks";
import { useState } from "react";

/** Blocks of the final size, shown only to those who wait longer than a blink. */
export function Loading({ heights }: { heights: readonly number[] }) {
  const [waited, setWaited] = useState(false);
  useTimeout(() => setWaited(true), 150, { autoInvoke: true });
  return (
    <Stack gap="md" aria-busy>
      <VisuallyHidden>Loading</VisuallyHidden>
      {heights.map((height, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes
        <Skeleton key={index} height={height} radius="md" visible={waited} opacity={waited ? 1 : 0} />
      ))}
    </Stack>
  );
}

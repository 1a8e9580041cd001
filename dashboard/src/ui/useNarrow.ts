import { useMediaQuery } from "@mantine/hooks";

/** Whether there is no room for a table. */
export function useNarrow(): boolean {
  return useMediaQuery("(max-width: 62em)", false, { getInitialValueInEffect: false });
}

import { useWindowEvent } from "@mantine/hooks";
import { useState } from "react";
import { begin } from "../../api/connections";
import { useHere } from "../../session/context";

/** Sends this browser to a provider's page. It comes back to this one. */
export function useLeave() {
  const { id: ws } = useHere();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  // Who turns back on the way finds the page as he left it, but with its buttons.
  useWindowEvent("pageshow", () => setBusy(false));

  async function leave(to: Parameters<typeof begin>[1]) {
    setBusy(true);
    setError(null);
    try {
      window.location.assign(await begin(ws, to));
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  }

  return { leave, busy, error };
}

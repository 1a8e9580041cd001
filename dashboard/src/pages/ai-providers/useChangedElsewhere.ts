import { useEffect, useRef, useState } from "react";
import type { ProviderKey } from "../../api/client";
import { writesTo } from "../../api/writes";

const SHOWN_MS = 30_000;

/** Whether the key has just been changed by somebody else, or in another window. */
export function useChangedElsewhere(ws: string, key: ProviderKey): boolean {
  const mark = `${key.credential} ${key.changed_at}`;
  const seen = useRef({ mark, writes: writesTo(path(ws, key.provider)) });
  const [changed, setChanged] = useState(false);
  useEffect(() => {
    if (seen.current.mark === mark) return;
    const writes = writesTo(path(ws, key.provider));
    const here = writes !== seen.current.writes;
    seen.current = { mark, writes };
    setChanged(!here);
    if (here) return;
    const timer = setTimeout(() => setChanged(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [mark, ws, key.provider]);
  return changed;
}

function path(ws: string, provider: string): string {
  return `/api/v1/workspaces/${ws}/provider-keys/${provider}`;
}

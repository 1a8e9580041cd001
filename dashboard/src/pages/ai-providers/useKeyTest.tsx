import { useInterval } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { api, type Verdict } from "../../api/client";
import { answered, Failure } from "../../api/failure";
import { keysQuery } from "../../api/queries";
import { FailurePanel } from "../../ui/FailurePanel";

export const REST_S = 5;

/** Tests the stored key after so many seconds, then rests, so that nobody tests a provider to its limits. */
export function useKeyTest(ws: string, provider: string, rest = 0) {
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [wait, setWait] = useState(rest);
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [failure, setFailure] = useState<ReactNode>(null);
  useInterval(() => setWait((left) => Math.max(0, left - 1)), 1_000, { autoInvoke: true });

  async function run() {
    setBusy(true);
    setVerdict(null);
    setFailure(null);
    let next = REST_S;
    try {
      const asking = api.POST("/api/v1/workspaces/{ws}/provider-keys/{provider}/test", {
        params: { path: { ws, provider } },
        body: {},
      });
      setVerdict((await answered(asking)).verdict);
    } catch (error) {
      if (error instanceof Failure) next = error.problem.retry_after_s ?? next;
      setFailure(<FailurePanel error={error} />);
    }
    setBusy(false);
    setWait(next);
    await queries.invalidateQueries(keysQuery(ws));
  }

  return { busy, wait, verdict, failure, run, dismiss: () => setVerdict(null) };
}

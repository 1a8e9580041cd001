import { useMemo, useRef, useState } from "react";
import { playgroundOf } from "./ask";
import { type Parameters, type Request, requestOf, type Target, type Turn } from "./request";

/** Something said, or an answer: what call it came of, and that call's receipt. */
export interface Exchange extends Turn {
  by: string;
  request?: Request;
  receipt?: string;
}

/** A conversation, kept in this page alone. */
export function useConversation(ws: string) {
  const ask = useMemo(() => playgroundOf(ws), [ws]);
  const [turns, setTurns] = useState<readonly Exchange[]>([]);
  const [stop, setStop] = useState<AbortController | null>(null);
  const [note, setNote] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const answer = useRef("");

  /** Says something; whether it was answered to its end. */
  async function send(prompt: string, target: Target, parameters: Parameters): Promise<boolean> {
    if (!prompt.trim() || stop) return false;
    const control = new AbortController();
    const before: Exchange[] = [...turns, { role: "user", content: prompt, by: "You" }];
    const request = requestOf(target, before, parameters);
    answer.current = "";
    setStop(control);
    setNote(null);
    setError(null);
    const show = (receipt?: string) =>
      setTurns([...before, { role: "assistant", content: answer.current, by: target.name, request, receipt }]);
    show();
    const grow = (piece: string) => {
      answer.current += piece;
      show();
    };
    let isWhole = false;
    try {
      show(await ask(request, grow, control.signal));
      isWhole = true;
    } catch (failure) {
      if (!answer.current) setTurns(turns);
      if (control.signal.aborted) setNote("Stopped. You pay for what was produced.");
      else setError(failure);
    }
    setStop(null);
    return isWhole;
  }

  function clear() {
    setTurns([]);
    setError(null);
    setNote(null);
  }

  return { turns, note, error, send, clear, stop: stop && (() => stop.abort()) };
}

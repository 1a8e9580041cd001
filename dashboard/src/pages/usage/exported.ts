import { api } from "../../api/client";
import { answered } from "../../api/failure";
import type { ReceiptFilter } from "../../api/queries";

export type Format = "csv" | "jsonl";

interface How {
  format: Format;
  /** Hears how many rows have come, now and then. */
  onRows: (rows: number) => void;
  signal: AbortSignal;
}

const LINE_FEED = 10;
const KEPT_MS = 60_000;

/** The calls that a filter lets through, as a file. */
export async function exported(ws: string, filter: ReceiptFilter, { format, onRows, signal }: How): Promise<Blob> {
  const params = { path: { ws }, query: { ...filter, format } };
  const asked = api.GET("/api/v1/workspaces/{ws}/usage/export", { params, parseAs: "stream", signal });
  const body = await answered<ReadableStream<Uint8Array> | null>(asked);
  const pieces: BlobPart[] = [];
  let lines = 0;
  for (const reader = body?.getReader(); reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value as BlobPart);
    for (let at = value.indexOf(LINE_FEED); at >= 0; at = value.indexOf(LINE_FEED, at + 1)) lines += 1;
    // The first line of CSV names the columns.
    onRows(Math.max(0, format === "csv" ? lines - 1 : lines));
  }
  return new Blob(pieces);
}

/** Has the browser keep it as a file of that name. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // Some browsers read it after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

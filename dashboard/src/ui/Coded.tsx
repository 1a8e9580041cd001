import { Fragment } from "react";
import { CodeWord } from "./CodeWord";

/** A sentence of the API, in which code stands between backticks. */
export function Coded({ children }: { children: string }) {
  return children.split("`").map((part, at) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a sentence have their place and nothing else
    at % 2 ? <CodeWord key={at}>{part}</CodeWord> : <Fragment key={at}>{part}</Fragment>,
  );
}

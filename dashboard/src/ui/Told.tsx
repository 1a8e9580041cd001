import { Time } from "./Time";

interface Props {
  text: string;
  /** The moment that the text may name, and how it names it. */
  moment: { at: string; words: string } | null | undefined;
}

/** What the server says, but a moment that it names is told in the reader's own time. */
export function Told({ text, moment }: Props) {
  const start = moment ? text.indexOf(moment.words) : -1;
  if (!moment || start < 0) return text;
  return (
    <>
      {text.slice(0, start)}
      <Time at={moment.at} since />
      {text.slice(start + moment.words.length)}
    </>
  );
}

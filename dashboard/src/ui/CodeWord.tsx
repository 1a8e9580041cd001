import { Text } from "@mantine/core";
import { Fragment } from "react";

/** An error code. It breaks between its words where it must, and never within one. */
export function CodeWord({ children }: { children: string }) {
  const words = children.split("_");
  return (
    <Text span ff="monospace" fz="0.8125em" style={{ overflowWrap: "normal", wordBreak: "keep-all" }}>
      {words.map((word, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the words of a code have their place and nothing else
        <Fragment key={at}>
          {at > 0 && (
            <>
              _<wbr />
            </>
          )}
          {word}
        </Fragment>
      ))}
    </Text>
  );
}

import "@mantine/spotlight/styles.layer.css";
import { Spotlight, spotlight } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { find } from "./entry";
import { useEntries } from "./useEntries";

/** Search, jump, act. Loaded when it is first asked for; `asked` counts how often it was. */
export default function Palette({ asked }: { asked: number }) {
  const [query, setQuery] = useState("");
  useEffect(() => {
    if (asked > 0) spotlight.open();
  }, [asked]);
  return (
    <Spotlight.Root
      shortcut={null}
      query={query}
      onQueryChange={setQuery}
      scrollable
      maxHeight={420}
      // On the root it would be on what stays empty when the dialog is closed.
      attributes={{ content: { "aria-label": "Search or jump" } }}
      transitionProps={{ duration: 120 }}
    >
      <Spotlight.Search
        placeholder="Search or jump to…"
        aria-label="Search or jump to"
        leftSection={<IconSearch size={20} stroke={1.75} />}
      />
      <Spotlight.ActionsList>
        <Results query={query} />
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

function Results({ query }: { query: string }) {
  const found = find(useEntries(query), query);
  if (found.length === 0)
    return <Spotlight.Empty>Nothing by that name. Try "byok", "rotate" or "credits".</Spotlight.Empty>;
  return found.map(({ group, entries }) => (
    <Spotlight.ActionsGroup key={group} label={group}>
      {entries.map(({ id, label, hint, Icon, isHeldBack = false, run }) => (
        <Spotlight.Action
          key={id}
          label={label}
          description={hint}
          leftSection={<Icon size={20} stroke={1.75} aria-hidden />}
          aria-disabled={isHeldBack || undefined}
          c={isHeldBack ? "dimmed" : undefined}
          closeSpotlightOnTrigger={!isHeldBack}
          onClick={() => isHeldBack || run()}
        />
      ))}
    </Spotlight.ActionsGroup>
  ));
}

import { Combobox, Group, Stack, Text, TextInput, useCombobox } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { find } from "./entry";
import { useEntries } from "./useEntries";

/** The palette as a part of a page. */
export function PaletteInPlace() {
  const combobox = useCombobox({ opened: true });
  const [query, setQuery] = useState("");
  const entries = useEntries(query);
  const found = find(entries, query);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the first of what is found now is the one that Enter takes
  useEffect(() => void combobox.selectFirstOption(), [query]);
  return (
    <Combobox store={combobox} onOptionSubmit={(id) => entries.find((entry) => entry.id === id)?.run()}>
      <Stack gap="sm">
        <Combobox.EventsTarget>
          <TextInput
            aria-label="Search or jump to"
            placeholder="Search or jump to…"
            leftSection={<IconSearch size={16} stroke={1.75} />}
            value={query}
            onChange={(event) => setQuery(event.currentTarget.value)}
          />
        </Combobox.EventsTarget>
        <Combobox.Options aria-label="What was found">
          {found.length === 0 && <Combobox.Empty>Nothing by that name.</Combobox.Empty>}
          {found.map(({ group, entries }) => (
            <Combobox.Group key={group} label={group}>
              {entries.map(({ id, label, hint, Icon, isHeldBack = false }) => (
                <Combobox.Option key={id} value={id} disabled={isHeldBack}>
                  <Group gap="sm" wrap="nowrap">
                    <Icon size={16} stroke={1.75} aria-hidden />
                    <span>{label}</span>
                    {hint && (
                      <Text span size="xs" c="inherit" truncate>
                        {hint}
                      </Text>
                    )}
                  </Group>
                </Combobox.Option>
              ))}
            </Combobox.Group>
          ))}
        </Combobox.Options>
      </Stack>
    </Combobox>
  );
}

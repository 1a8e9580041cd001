import { Box, Button, Group, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { apiKeysQuery, membersQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { actionChoices } from "./words";

export interface Search {
  who?: string;
  what?: string;
  object?: string;
  range?: string;
}

interface Props {
  search: Search;
  onChange: (change: Search) => void;
  onClear: () => void;
}

/** Who did what, and to what. */
export function Filters({ search, onChange, onClear }: Props) {
  const here = useHere();
  const members = useQuery(membersQuery(here.id));
  const keys = useQuery(apiKeysQuery(here.id));
  const people = [
    { value: "operator", label: "The operator" },
    { value: "system", label: "Ownkey itself" },
    ...(members.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
    ...(keys.data ?? []).map(({ id, name }) => ({ value: id, label: `API key ${name}` })),
  ];
  const isKnown = people.some(({ value }) => value === search.who);
  const isAny = [search.who, search.what, search.object, search.range].some(Boolean);
  return (
    <Group gap="sm" align="flex-end">
      <Select
        w={{ base: "100%", sm: 200 }}
        label="Who"
        placeholder="Anybody"
        // Who an address names is shown, whether or not he is still there.
        data={search.who && !isKnown ? [...people, search.who] : people}
        value={search.who ?? null}
        clearable
        searchable
        onChange={(who) => onChange({ who: who ?? undefined })}
      />
      <Select
        w={{ base: "100%", sm: 280 }}
        label="Did what"
        placeholder="Anything"
        data={actionChoices()}
        value={search.what ?? null}
        clearable
        searchable
        onChange={(what) => onChange({ what: what ?? undefined })}
      />
      <ToWhat object={search.object ?? ""} onChange={(object) => onChange({ object: object || undefined })} />
      {isAny && (
        <Button variant="default" onClick={onClear}>
          Clear all
        </Button>
      )}
    </Group>
  );
}

function ToWhat({ object, onChange }: { object: string; onChange: (object: string) => void }) {
  const [text, setText] = useState(object);
  useEffect(() => setText(object), [object]);
  return (
    <Box
      component="form"
      w={{ base: "100%", sm: 240 }}
      onSubmit={(event) => {
        event.preventDefault();
        onChange(text.trim());
      }}
    >
      <TextInput
        label="To what"
        placeholder="Its id or name, then Enter"
        maxLength={200}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </Box>
  );
}

import { Button, Drawer, Group, Select, Stack } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { IconFilter } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { agentsQuery, apiKeysQuery, modelsQuery, providersQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { filterNames, filtersSet, type Search } from "./filter";

interface Props {
  search: Search;
  onChange: (change: Search) => void;
  /** Filters of one page only. */
  children?: ReactNode;
  /** How many of those are set. */
  more?: number;
  onClear: () => void;
}

/** Which calls to show. On a phone it is in a drawer, and a count says that it is at work. */
export function FilterBar({ search, onChange, children, more = 0, onClear }: Props) {
  const [opened, drawer] = useDisclosure();
  const narrow = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const set = filtersSet(search) + more;
  const clear = set > 0 && (
    <Button variant="default" onClick={onClear}>
      Clear all
    </Button>
  );
  const fields = (
    <>
      <Fields search={search} onChange={onChange} />
      {children}
    </>
  );
  if (!narrow) {
    return (
      <Group gap="sm" align="flex-end">
        {fields}
        {clear}
      </Group>
    );
  }
  return (
    <Group gap="sm">
      <Button variant="default" leftSection={<IconFilter size={16} stroke={1.75} />} onClick={drawer.open}>
        {set > 0 ? `Filters (${set})` : "Filters"}
      </Button>
      {clear}
      <Drawer
        opened={opened}
        onClose={drawer.close}
        title="Filters"
        position="bottom"
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <Stack gap="md">
          {fields}
          <Button onClick={drawer.close}>Show the calls</Button>
        </Stack>
      </Drawer>
    </Group>
  );
}

const PAYERS = [
  { value: "byok", label: "Own key" },
  { value: "managed", label: "Managed" },
];
const LABELS = { payer: "Payer", model: "Model", agent: "Agent", key: "API key", provider: "Provider" };

function Fields({ search, onChange }: Pick<Props, "search" | "onChange">) {
  const here = useHere();
  const models = useQuery(modelsQuery(here.id));
  const agents = useQuery(agentsQuery(here.id));
  const keys = useQuery(apiKeysQuery(here.id));
  const providers = useQuery(providersQuery);
  const options = {
    payer: PAYERS,
    model: (models.data ?? []).map(({ id }) => ({ value: id, label: id })),
    agent: (agents.data ?? []).map(({ name }) => ({ value: name, label: name })),
    key: (keys.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
    provider: (providers.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
  };
  return filterNames.map((name) => {
    const chosen = search[name] ?? null;
    const known = options[name];
    // What an address names is shown, whether or not it is still there.
    const data = chosen && !known.some(({ value }) => value === chosen) ? [...known, chosen] : known;
    return (
      <Select
        key={name}
        w={{ base: "100%", sm: name === "model" ? 190 : 140 }}
        label={LABELS[name]}
        placeholder="Any"
        data={data}
        value={chosen}
        clearable
        searchable={name === "model"}
        onChange={(value) => onChange({ [name]: value ?? undefined })}
      />
    );
  });
}

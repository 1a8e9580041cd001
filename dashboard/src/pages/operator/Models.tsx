import { Group, Pagination, Paper, Select, Stack, Table, Text, TextInput } from "@mantine/core";
import { IconCoinOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Model } from "../../api/client";
import { everyModelQuery } from "../../api/queries";
import { usdPerMillion } from "../../format/amount";
import { plural, tokens } from "../../format/number";
import { Empty } from "../../ui/Empty";
import { Item, Items } from "../../ui/Items";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { useNarrow } from "../../ui/useNarrow";
import { FromFile } from "./FromFile";
import { modelSnippet } from "./snippets";

const A_PAGE = 25;

interface Search {
  q?: string;
  provider?: string;
  kind?: string;
}

export function Models() {
  const models = useQuery(everyModelQuery);
  const search = useSearch({ from: "/signed-in/operator/models" });
  const navigate = useNavigate();
  const set = (change: Search) => void navigate({ to: ".", search: { ...search, ...change }, replace: true });
  return (
    <Page
      title="Models & prices"
      purpose="What is offered, at which list price. Prices are exact, in USD per million tokens."
      within="Operator"
    >
      <Loaded query={models} heights={[36, 400]}>
        {(models) => (
          <>
            <Unpriced models={models.filter((model) => !isPriced(model))} />
            <Filters models={models} search={search} onChange={set} />
            <Paged key={JSON.stringify(search)} models={models.filter((model) => isWanted(model, search))} />
          </>
        )}
      </Loaded>
      <FromFile snippet={modelSnippet} />
    </Page>
  );
}

function isWanted({ id, provider, mode }: Model, search: Search): boolean {
  const named = id.includes((search.q ?? "").trim().toLowerCase());
  return named && provider === (search.provider ?? provider) && mode === (search.kind ?? mode);
}

interface FiltersProps {
  models: readonly Model[];
  search: Search;
  onChange: (change: Search) => void;
}

function Filters({ models, search, onChange }: FiltersProps) {
  const of = (what: (model: Model) => string) => [...new Set(models.map(what))].toSorted();
  return (
    <Group gap="sm" align="flex-end">
      <TextInput
        label="Find a model"
        value={search.q ?? ""}
        maxLength={200}
        onChange={(event) => onChange({ q: event.currentTarget.value || undefined })}
        w={{ base: "100%", xs: 280 }}
      />
      <Select
        label="Provider"
        placeholder="Any"
        data={of(({ provider }) => provider)}
        value={search.provider ?? null}
        clearable
        onChange={(provider) => onChange({ provider: provider ?? undefined })}
        w={{ base: "100%", xs: 160 }}
      />
      <Select
        label="Kind"
        placeholder="Any"
        data={of(({ mode }) => mode).map((mode) => ({ value: mode, label: mode.replaceAll("_", " ") }))}
        value={search.kind ?? null}
        clearable
        onChange={(kind) => onChange({ kind: kind ?? undefined })}
        w={{ base: "100%", xs: 200 }}
      />
    </Group>
  );
}

/** A page of them. What managed access can't serve for want of a price comes first. */
function Paged({ models }: { models: readonly Model[] }) {
  const [page, setPage] = useState(1);
  const sorted = models.toSorted((a, b) => Number(isPriced(a)) - Number(isPriced(b)) || a.id.localeCompare(b.id));
  const pages = Math.ceil(sorted.length / A_PAGE);
  if (sorted.length === 0) return <Empty title="No model matches">Remove a filter to see more.</Empty>;
  return (
    <Stack gap="md">
      <List models={sorted.slice((page - 1) * A_PAGE, page * A_PAGE)} all={sorted.length} />
      {pages > 1 && (
        <Pagination
          total={pages}
          value={page}
          onChange={setPage}
          size="sm"
          getControlProps={(control) => ({ "aria-label": `${control} page` })}
        />
      )}
    </Stack>
  );
}

/** Managed access serves nothing it can't price: what that leaves out is the first thing to see. */
function Unpriced({ models }: { models: readonly Model[] }) {
  if (models.length === 0) return null;
  return (
    <Panel tone="attention" Icon={IconCoinOff} title={`${plural(models.length, "model")} without a price`}>
      <Text size="sm">
        Managed access does not serve {models.length === 1 ? "it" : "them"}; own keys do. Listed first.
      </Text>
    </Panel>
  );
}

function List({ models, all }: { models: readonly Model[]; all: number }) {
  if (useNarrow()) return <AsItems models={models} />;
  return (
    <Paper withBorder>
      <Table.ScrollContainer minWidth={720}>
        <Table verticalSpacing="xs">
          <Table.Caption>{plural(all, "model")}</Table.Caption>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Model</Table.Th>
              <Table.Th>Provider</Table.Th>
              <Table.Th>Kind</Table.Th>
              <Table.Th ta="right">Input</Table.Th>
              <Table.Th ta="right">Cached input</Table.Th>
              <Table.Th ta="right">Output</Table.Th>
              <Table.Th ta="right">Context</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {models.map((model) => (
              <Table.Tr key={`${model.provider} ${model.id}`}>
                <Table.Td>
                  {model.id}
                  {model.alias_of && (
                    <Text size="xs" c="dimmed">
                      is {model.alias_of}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>{model.provider}</Table.Td>
                <Table.Td>{model.mode.replaceAll("_", " ")}</Table.Td>
                <Table.Td ta="right">{price(model, "input")}</Table.Td>
                <Table.Td ta="right">{price(model, "cache_read")}</Table.Td>
                <Table.Td ta="right">{price(model, "output")}</Table.Td>
                <Table.Td ta="right">{model.context_tokens ? tokens(model.context_tokens) : "unknown"}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

function AsItems({ models }: { models: readonly Model[] }) {
  return (
    <Items label="Models">
      {models.map((model) => (
        <Item
          key={`${model.provider} ${model.id}`}
          title={model.id}
          mark={model.provider}
          detail={model.mode.replaceAll("_", " ")}
          amount={`${price(model, "input")} in, ${price(model, "output")} out`}
        />
      ))}
    </Items>
  );
}

function isPriced({ prices_usd }: Model): boolean {
  return Object.keys(prices_usd).length > 0;
}

function price({ prices_usd }: Model, name: string): string {
  const known = prices_usd.standard?.[name];
  return known ? usdPerMillion(known) : "unknown";
}

import { Paper, Table, Text, TextInput } from "@mantine/core";
import { IconCoinOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Model } from "../../api/client";
import { everyModelQuery } from "../../api/queries";
import { usdPerMillion } from "../../format/amount";
import { plural, tokens } from "../../format/number";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { FromFile } from "./FromFile";
import { modelSnippet } from "./snippets";

export function Models() {
  const models = useQuery(everyModelQuery);
  const [wanted, setWanted] = useState("");
  return (
    <Page
      title="Models & prices"
      purpose="What is offered, at which list price. Prices are exact, in USD per million tokens."
      within="Operator"
    >
      <TextInput
        label="Find a model"
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
        maw={320}
      />
      <Loaded query={models} heights={[400]}>
        {(models) => (
          <>
            <Unpriced models={models.filter((model) => !isPriced(model))} />
            <List models={models.filter(({ id }) => id.includes(wanted.trim().toLowerCase()))} />
          </>
        )}
      </Loaded>
      <FromFile snippet={modelSnippet} />
    </Page>
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

function List({ models }: { models: readonly Model[] }) {
  // What managed access can't serve for want of a price comes first.
  const sorted = models.toSorted((a, b) => Number(isPriced(a)) - Number(isPriced(b)) || a.id.localeCompare(b.id));
  return (
    <Paper withBorder>
      <Table.ScrollContainer minWidth={720}>
        <Table verticalSpacing="xs">
          <Table.Caption>{plural(models.length, "model")}</Table.Caption>
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
            {sorted.map((model) => (
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
                <Table.Td>{model.mode}</Table.Td>
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

function isPriced({ prices_usd }: Model): boolean {
  return Object.keys(prices_usd).length > 0;
}

function price({ prices_usd }: Model, name: string): string {
  const known = prices_usd.standard?.[name];
  return known ? usdPerMillion(known) : "unknown";
}

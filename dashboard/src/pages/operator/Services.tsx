import { Code, Paper, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";
import { configurationQuery } from "../../api/operator";
import { credits } from "../../format/amount";
import { count, plural } from "../../format/number";
import { Empty } from "../../ui/Empty";
import { Item, Items } from "../../ui/Items";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { useNarrow } from "../../ui/useNarrow";
import { FromFile } from "./FromFile";
import { serviceSnippet } from "./snippets";

export function Services() {
  const configuration = useQuery(configurationQuery);
  return (
    <Page
      title="Services"
      purpose="What your product does besides calls of models, and what each use costs."
      within="Operator"
    >
      <Loaded query={configuration} heights={[240]}>
        {({ services }) =>
          services.length === 0 ? (
            <Empty title="No services">Memory search, tools, voice: what is metered stands here once it is set.</Empty>
          ) : (
            <List services={services} />
          )
        }
      </Loaded>
      <FromFile snippet={serviceSnippet} />
    </Page>
  );
}

function AsItems({ services }: { services: readonly Schemas["ConfiguredService"][] }) {
  return (
    <Items label="Services">
      {services.map(({ name, path, credits: price, unit, max_items }) => (
        <Item
          key={name}
          title={name}
          mark={`${credits(price)} credits each ${unit}`}
          detail={path ? <Code>{path}</Code> : "told to service-usage"}
          amount={max_items ? `at most ${count(max_items)} items` : "no bound"}
        />
      ))}
    </Items>
  );
}

function List({ services }: { services: readonly Schemas["ConfiguredService"][] }) {
  if (useNarrow()) return <AsItems services={services} />;
  return (
    <Paper withBorder>
      <Table.ScrollContainer minWidth={600}>
        <Table verticalSpacing="xs">
          <Table.Caption>{plural(services.length, "service")}</Table.Caption>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Service</Table.Th>
              <Table.Th>Called at</Table.Th>
              <Table.Th ta="right">Credits</Table.Th>
              <Table.Th>For each</Table.Th>
              <Table.Th ta="right">At most</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {services.map(({ name, path, credits: price, unit, max_items }) => (
              <Table.Tr key={name}>
                <Table.Td>{name}</Table.Td>
                <Table.Td>{path ? <Code>{path}</Code> : <Text size="sm">told to service-usage</Text>}</Table.Td>
                <Table.Td ta="right">{credits(price)}</Table.Td>
                <Table.Td>{unit}</Table.Td>
                <Table.Td ta="right">{max_items ? `${count(max_items)} items` : "no bound"}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

import { Anchor, Kbd, Paper, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { ErrorCode } from "../../api/client";
import { errorCodesQuery } from "../../api/queries";
import { useProduct } from "../../session/context";
import { Coded } from "../../ui/Coded";
import { CodeWord } from "../../ui/CodeWord";
import { CopyText } from "../../ui/CopyText";
import { blamed, type Names, titleOf } from "../../ui/codes";
import { Fact, Facts } from "../../ui/Facts";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";

/** How calls are made, what keys do, what error codes mean. */
export function Help() {
  const product = useProduct();
  const { origin } = window.location;
  const codes = useQuery(errorCodesQuery);
  return (
    <Page title="Help" purpose="How calls are made here, what the keyboard does, and what each error code means.">
      <Part title="Calling models">
        <Text size="sm">
          Any Anthropic or OpenAI SDK works with an API key of {product} and one of these base URLs. The answer's head{" "}
          <CodeWord>x-ownkey-payer</CodeWord> says who paid, and its receipt says the rest.
        </Text>
        <Facts>
          <Fact name="Anthropic SDKs">
            <CopyText value={origin} label="Copy the base URL for Anthropic SDKs" />
          </Fact>
          <Fact name="OpenAI SDKs">
            <CopyText value={`${origin}/v1`} label="Copy the base URL for OpenAI SDKs" />
          </Fact>
        </Facts>
        <Anchor size="sm" href="/api/openapi.json" target="_blank" rel="noreferrer">
          The management API, as OpenAPI
        </Anchor>
      </Part>
      <Part title="Keyboard">
        <Facts>
          <Fact name="Search">
            <Kbd>Ctrl</Kbd> or <Kbd>⌘</Kbd> and <Kbd>K</Kbd>: jump to a page, a setting, a receipt
          </Fact>
          <Fact name="Send">
            <Kbd>Ctrl</Kbd> or <Kbd>⌘</Kbd> and <Kbd>Enter</Kbd> in the playground
          </Fact>
          <Fact name="Stop">
            <Kbd>Esc</Kbd> stops an answer and closes dialogs
          </Fact>
        </Facts>
      </Part>
      <Part title="Error codes">
        <Text size="sm">
          A call that fails says one of these in <CodeWord>x-ownkey-error</CodeWord>, and whether the provider said it
          in <CodeWord>x-ownkey-error-source</CodeWord>. The management API and the verdicts on keys use the same words.
        </Text>
        <Loaded query={codes} heights={[400]}>
          {(codes) => <Codes codes={codes} names={{ provider: null, product, model: null }} />}
        </Loaded>
      </Part>
    </Page>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="lg" component="section" aria-label={title}>
      <Stack gap="sm">
        <Title order={2} size="h3">
          {title}
        </Title>
        {children}
      </Stack>
    </Paper>
  );
}

function Codes({ codes, names }: { codes: readonly ErrorCode[]; names: Names }) {
  return (
    <Table verticalSpacing="xs" layout="fixed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w="40%">Code</Table.Th>
          <Table.Th>What it means, and what to do</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {codes.map((known) => (
          <Table.Tr key={known.code}>
            <Table.Td>
              <CodeWord>{known.code}</CodeWord>
              <Text size="xs" c="dimmed">
                {blamed(known, names)}
              </Text>
            </Table.Td>
            <Table.Td>
              {titleOf(known, names)}
              <Text size="xs" c="dimmed">
                <Coded>{`${known.meaning} ${known.remedy}`}</Coded>
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

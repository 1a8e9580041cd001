import { Anchor, Kbd, Paper, Stack, Table, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useProduct } from "../../session/context";
import { CodeWord } from "../../ui/CodeWord";
import { CopyText } from "../../ui/CopyText";
import { knownCodes, type Names, sourceOf, wordsOf } from "../../ui/codes";
import { Fact, Facts } from "../../ui/Facts";
import { Page } from "../../ui/Page";

/** How calls are made, what keys do, what error codes mean. */
export function Help() {
  const product = useProduct();
  const { origin } = window.location;
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
          Every call that fails says one of these in <CodeWord>x-ownkey-error</CodeWord>, and whose it is in{" "}
          <CodeWord>x-ownkey-error-source</CodeWord>.
        </Text>
        <Codes names={{ provider: null, product, model: null }} />
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

function Codes({ names }: { names: Names }) {
  return (
    <Table verticalSpacing="xs" layout="fixed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w="40%">Code</Table.Th>
          <Table.Th>What it means</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {knownCodes.map((code) => {
          const words = wordsOf(code, names);
          if (!words) return null;
          return (
            <Table.Tr key={code}>
              <Table.Td>
                <CodeWord>{code}</CodeWord>
                <Text size="xs" c="dimmed">
                  {sourceOf(words.source, names)}
                </Text>
              </Table.Td>
              <Table.Td>
                {words.title}
                <Text size="xs" c="dimmed">
                  {words.cause}
                </Text>
              </Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}

import { Anchor, Code, Collapse, List, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Facts } from "../../ui/Facts";
import { Time } from "../../ui/Time";
import type { AtProvider } from "./AiProviders";

const MODELS_SHOWN = 3;

export function CardFacts({ at: { key } }: { at: AtProvider }) {
  return (
    <Facts
      facts={[
        ["Key", key.hint && <Code>{key.hint}</Code>],
        [
          "Added",
          key.created_at && (
            <>
              <Time at={key.created_at} />
              {key.created_by && ` by ${key.created_by}`}
            </>
          ),
        ],
        [
          "Last test",
          key.last_tested_at ? (
            <>
              <Time at={key.last_tested_at} />
              {key.verdict && `: ${key.verdict.title.toLowerCase()}`}
            </>
          ) : (
            "never"
          ),
        ],
        ["Last used", key.last_used_at ? <Time at={key.last_used_at} /> : "never"],
        ["Models", <Models key="models" models={key.models} />],
      ]}
    />
  );
}

function Models({ models }: { models: readonly string[] }) {
  const [opened, more] = useDisclosure();
  if (models.length === 0) return "not known yet";
  const rest = models.slice(MODELS_SHOWN);
  return (
    <>
      <Text size="sm" span>
        {models.slice(0, MODELS_SHOWN).join(", ")}
      </Text>
      {rest.length > 0 && (
        <>
          <Anchor component="button" size="sm" ml={6} onClick={more.toggle} aria-expanded={opened}>
            {opened ? "fewer" : `+${rest.length}`}
          </Anchor>
          <Collapse expanded={opened}>
            <List size="sm" listStyleType="none">
              {rest.map((model) => (
                <List.Item key={model}>{model}</List.Item>
              ))}
            </List>
          </Collapse>
        </>
      )}
    </>
  );
}

import { Anchor, Code, Collapse, List, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Actor } from "../../ui/Actor";
import { Fact, Facts } from "../../ui/Facts";
import { Time } from "../../ui/Time";
import type { AtProvider } from "./AiProviders";
import { tested } from "./state";

const MODELS_SHOWN = 3;

export function CardFacts({ at: { key } }: { at: AtProvider }) {
  const { verdict } = key;
  return (
    <Facts>
      <Fact name="Key">
        <Code>{key.hint}</Code>
      </Fact>
      <Fact name="Added">
        {key.created_at && <Time at={key.created_at} />}
        {key.created_by && (
          <>
            {" by "}
            <Actor id={key.created_by} />
          </>
        )}
      </Fact>
      <Fact name="Last test">
        {key.last_tested_at ? <Time at={key.last_tested_at} /> : "never"}
        {key.last_tested_at && verdict && `, ${tested(verdict).toLowerCase()}`}
      </Fact>
      <Fact name="Last used">{key.last_used_at ? <Time at={key.last_used_at} /> : "never"}</Fact>
      <Fact name="Models">
        <Models models={key.models} />
      </Fact>
    </Facts>
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
          <Anchor
            component="button"
            size="sm"
            ml={6}
            py={{ base: 12, xs: 0 }}
            my={{ base: -12, xs: 0 }}
            onClick={more.toggle}
            aria-expanded={opened}
          >
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

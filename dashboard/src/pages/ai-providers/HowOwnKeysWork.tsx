import { Accordion, Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useHere, useProduct } from "../../session/context";

export function HowOwnKeysWork() {
  const here = useHere();
  const product = useProduct();
  return (
    <Accordion variant="contained" radius="md">
      <Accordion.Item value="bills">
        <Accordion.Control>Who bills what</Accordion.Control>
        <Accordion.Panel>
          <Text size="sm">
            A call on your key appears on your provider's bill, at your prices and within your limits there. {product}{" "}
            charges nothing for it. Each call's receipt names who paid.
          </Text>
        </Accordion.Panel>
      </Accordion.Item>
      <Accordion.Item value="credits">
        <Accordion.Control>What still costs credits</Accordion.Control>
        <Accordion.Panel>
          <Text size="sm">
            Where the plan counts credits: calls of a provider without your key, and services such as search or voice.{" "}
            <Anchor
              size="sm"
              renderRoot={(props) => (
                <Link to="/w/$ws/settings/who-pays" params={{ ws: here.id }} search={{}} {...props} />
              )}
            >
              What each costs
            </Anchor>
          </Text>
        </Accordion.Panel>
      </Accordion.Item>
      <Accordion.Item value="fails">
        <Accordion.Control>What happens when a key fails</Accordion.Control>
        <Accordion.Panel>
          <Text size="sm">
            The call fails and says why. Managed access pays in its place only for failures that you have agreed to, up
            to your daily cap, and never for a key that is refused.{" "}
            <Anchor
              size="sm"
              renderRoot={(props) => (
                <Link to="/w/$ws/settings/who-pays" params={{ ws: here.id }} search={{}} {...props} />
              )}
            >
              Who pays
            </Anchor>{" "}
            shows it for every case.
          </Text>
        </Accordion.Panel>
      </Accordion.Item>
      <Accordion.Item value="kept">
        <Accordion.Control>How the key is kept</Accordion.Control>
        <Accordion.Panel>
          <Text size="sm">
            It is tested once, encrypted for this workspace and its provider, and never shown again: not here, not in
            logs, not to us. It is sent to its provider and nowhere else. Disconnecting deletes it.
          </Text>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

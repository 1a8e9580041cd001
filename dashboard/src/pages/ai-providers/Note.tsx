import { Anchor, Text } from "@mantine/core";
import { Time, useNow } from "../../ui/Time";
import { Told } from "../../ui/Told";
import type { AtProvider } from "./AiProviders";

/** What a state means beyond its badge, and the one thing to do about it. */
export function Note({ at: { provider, key }, planName }: { at: AtProvider; planName: string }) {
  switch (key.state) {
    case "none":
      return (
        <Text size="sm" c="dimmed">
          With your own key, calls run at your prices and within your limits. {provider.name} bills you.
        </Text>
      );
    case "invalid":
      return (
        <Text size="sm">
          {provider.name} has refused this key since {key.invalid_since && <Time at={key.invalid_since} since />}. Calls
          on it fail; no other payer steps in.
        </Text>
      );
    case "needs_test":
      return (
        <Text size="sm">
          {key.verdict && key.created_at ? (
            <>
              Saved without a test at <Time at={key.created_at} since />.
            </>
          ) : (
            "Restored from a backup."
          )}{" "}
          The next call will tell, or a test now.
        </Text>
      );
    case "sealed":
      return <Text size="sm">The server can't open this key. No call uses it. Tell your operator.</Text>;
    case "dormant":
      return (
        <Text size="sm">{planName} has no own keys. Your key is kept; it wakes when the plan has own keys again.</Text>
      );
    case "active":
      return <Active at={{ provider, key }} />;
  }
}

/** What the last test said of a key that is in use. */
function Active({ at: { provider, key } }: { at: AtProvider }) {
  const now = useNow();
  const out = (href: string, text: string) => (
    <Anchor href={href} target="_blank" rel="noreferrer" size="sm">
      {text}
    </Anchor>
  );
  const { verdict } = key;
  switch (verdict?.verdict) {
    case "quota_exhausted":
      return (
        <Text size="sm">
          Calls on this key fail until the account is topped up.{" "}
          {out(provider.billing_url, `Open ${provider.name} billing`)}
        </Text>
      );
    case "rate_limited": {
      const until = verdict.moment && Date.parse(verdict.moment.at) > now.getTime() ? verdict.moment.at : null;
      return (
        <Text size="sm">
          {until ? (
            <>
              {provider.name} limits this account until about <Time at={until} since />.
            </>
          ) : (
            `${provider.name} limited this account when the key was last tested.`
          )}
        </Text>
      );
    }
    case "valid_limited":
      return (
        <Text size="sm">
          <Told text={verdict.cause} moment={verdict.moment} />{" "}
          {out(provider.keys_url, `Open key settings at ${provider.name}`)}
        </Text>
      );
    default:
      return null;
  }
}

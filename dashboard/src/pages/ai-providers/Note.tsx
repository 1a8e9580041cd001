import { Anchor, Text } from "@mantine/core";
import { useProduct } from "../../session/context";
import { Time, useNow } from "../../ui/Time";
import { Told } from "../../ui/Told";
import type { AtProvider } from "./AiProviders";
import { callsNow } from "./payer";
import { matter } from "./state";

/** What a state means beyond its badge, and the one thing to do about it. */
export function Note({ at: { provider, key }, planName }: { at: AtProvider; planName: string }) {
  const now = callsNow(key.payer_now, useProduct());
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
          {provider.name} has refused this key since {key.invalid_since && <Time at={key.invalid_since} since />}. {now}
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
      return <Text size="sm">The server can't open this key. No call uses it. Tell your operator. {now}</Text>;
    case "dormant":
      return (
        <Text size="sm">{planName} has no own keys. Your key is kept; it wakes when the plan has own keys again.</Text>
      );
    case "active":
      return <Active at={{ provider, key }} calls={now} />;
  }
}

/** What the last test said of a key that is in use. */
function Active({ at: { provider, key }, calls }: { at: AtProvider; calls: string }) {
  const now = useNow();
  const out = (href: string, text: string) => (
    <Anchor href={href} target="_blank" rel="noreferrer" size="sm">
      {text}
    </Anchor>
  );
  const { verdict } = key;
  switch (matter(key)) {
    case "quota_exhausted":
      return (
        <Text size="sm">
          {key.payer_now.reason ? "Calls on this key fail until the account is topped up." : calls}{" "}
          {out(provider.billing_url, `Open ${provider.name} billing`)}
        </Text>
      );
    case "rate_limited": {
      const until = verdict?.moment && Date.parse(verdict.moment.at) > now.getTime() ? verdict.moment.at : null;
      return (
        <Text size="sm">
          {until ? (
            <>
              {provider.name} limits this account until about <Time at={until} since />.
            </>
          ) : (
            `${provider.name} has limited this account.`
          )}{" "}
          {calls}
        </Text>
      );
    }
    case "valid_limited":
      return (
        verdict && (
          <Text size="sm">
            <Told text={verdict.cause} moment={verdict.moment} />{" "}
            {out(provider.keys_url, `Open key settings at ${provider.name}`)}
          </Text>
        )
      );
    default:
      return null;
  }
}

import { Code, List, Paper, Stack, Text, Title } from "@mantine/core";
import { useProduct } from "../../session/context";
import classes from "./ConnectionCard.module.css";

const snippet = `[connections.providers.google]
preset = "google"   # or "slack", or your own by issuer = "https://…"
client_id = "1234.apps.googleusercontent.com"
client_secret = "env:GOOGLE_CLIENT_SECRET"   # never the secret itself
scopes = ["https://www.googleapis.com/auth/calendar.readonly"]
hosts = ["www.googleapis.com"]   # where its tokens may go`;

/** Nothing can be connected yet: what will be here, and how whoever runs the server makes it so. */
export function NoProviders() {
  const product = useProduct();
  return (
    <Paper withBorder p="lg" component="section" aria-labelledby="no-providers">
      <Stack gap="md">
        <Title order={2} id="no-providers">
          No provider can be connected yet
        </Title>
        <Text>
          Once there is one, such as Google or Slack, an admin connects an account here, and your programs use it
          through {product} without keeping a token. Whoever runs the server adds providers:
        </Text>
        <List type="ordered" spacing="xs" className={classes.wrap}>
          <List.Item>
            Register {product} as an OAuth client at the provider, with the redirect URI{" "}
            <Code>{`${window.location.origin}/api/v1/connections/callback/google`}</Code>, which ends with the name
            below
          </List.Item>
          <List.Item>Write the client into the server's configuration file, as below.</List.Item>
          <List.Item>
            Send the server <Code>SIGHUP</Code>. The provider then stands here.
          </List.Item>
        </List>
        <Code block tabIndex={0}>
          {snippet}
        </Code>
      </Stack>
    </Paper>
  );
}

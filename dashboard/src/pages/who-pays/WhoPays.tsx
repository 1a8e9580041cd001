import { Button, Grid, Group, Radio, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Policy } from "../../api/client";
import { answered } from "../../api/failure";
import { keysQuery, plansQuery, policyQuery, previewQuery, providersQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { Denied } from "../../ui/Denied";
import { FailurePanel } from "../../ui/FailurePanel";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { choices, managedName } from "./choices";
import { Outcomes } from "./Outcomes";
import classes from "./WhoPays.module.css";

const WRITE = "PUT /api/v1/workspaces/{ws}/policy" as const;

export function WhoPays() {
  const here = useHere();
  const policy = useQuery(policyQuery(here.id));
  return (
    <Page
      title="Who pays"
      purpose="Choose which account pays for model calls, and what may happen when your key can't."
      within={here.name}
    >
      {!here.may(WRITE) && <Denied>Only admins can change who pays.</Denied>}
      <Loaded query={policy} heights={[420]}>
        {(policy) => <Choice key={policy.payer} policy={policy} />}
      </Loaded>
    </Page>
  );
}

function Choice({ policy }: { policy: Policy }) {
  const here = useHere();
  const queries = useQueryClient();
  const plans = useQuery(plansQuery(here.id));
  const [payer, setPayer] = useState(policy.payer);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const changed = payer !== policy.payer;
  // What is left out is taken back: the consent to fallback stays as it is.
  const { on, daily_cap_usd = null } = policy.fallback;
  const chosen = { payer, fallback: { on, daily_cap_usd } };
  const preview = useQuery({ ...previewQuery(here.id, chosen), enabled: changed });
  const providers = useQuery(providersQuery);
  const mayWrite = here.may(WRITE);
  const plan = plans.data?.find(({ id }) => id === here.plan);
  const outcomes = changed ? preview.data?.outcomes : policy.outcomes;

  async function save() {
    setBusy(true);
    setError(null);
    try {
      const path = { ws: here.id };
      await answered(api.PUT("/api/v1/workspaces/{ws}/policy", { params: { path }, body: chosen }));
      notifications.show({ message: "Saved. In force from the next call." });
      await Promise.all([
        queries.invalidateQueries(policyQuery(here.id)),
        queries.invalidateQueries(keysQuery(here.id)),
      ]);
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  }

  return (
    <Grid gap="lg">
      <Grid.Col span={{ base: 12, md: 6 }}>
        <Stack gap="md">
          <Radio.Group value={payer} onChange={setPayer} aria-label="Who pays">
            <Stack gap="sm">
              {choices(managedName(plan)).map(({ value, title, text }) => (
                <Radio.Card key={value} value={value} p="md" className={classes.choice} disabled={!mayWrite}>
                  <Group wrap="nowrap" align="flex-start">
                    <Radio.Indicator />
                    <div>
                      <Text fw={600}>{title}</Text>
                      <Text size="sm" c="dimmed">
                        {text}
                      </Text>
                    </div>
                  </Group>
                </Radio.Card>
              ))}
            </Stack>
          </Radio.Group>
          <Text size="sm" c="dimmed">
            {on.length === 0
              ? "A key that fails never moves a call to another payer. The call fails and says why."
              : "Managed access may step in for a key that fails, as your workspace consented to."}
          </Text>
          {error !== null && <FailurePanel error={error} />}
          {changed && (
            <Group className={classes.bar}>
              <Button loading={busy} onClick={() => void save()}>
                Save
              </Button>
              <Button variant="default" onClick={() => setPayer(policy.payer)}>
                Keep it as it was
              </Button>
              <Text size="sm" c="dimmed">
                In force from the next call.
              </Text>
            </Group>
          )}
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 6 }}>
        <Stack gap="sm">
          <Title order={2}>What happens when…</Title>
          {preview.isError && <FailurePanel error={preview.error} retry={() => void preview.refetch()} />}
          {outcomes && <Outcomes outcomes={outcomes} before={policy.outcomes} providers={providers.data ?? []} />}
        </Stack>
      </Grid.Col>
    </Grid>
  );
}

import { Button, Grid, Group, Radio, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Policy } from "../../api/client";
import { answered } from "../../api/failure";
import { keysQuery, modelsQuery, policyQuery, previewQuery, providersQuery } from "../../api/queries";
import { usd } from "../../format/amount";
import { useHere } from "../../session/context";
import { useDenied } from "../../session/denied";
import { usePlan } from "../../session/plan";
import { Denied } from "../../ui/Denied";
import { FailurePanel } from "../../ui/FailurePanel";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { Costs } from "./Costs";
import { choices, managedName } from "./choices";
import { capOf, consent } from "./consent";
import { FallbackForm } from "./FallbackForm";
import { Outcomes } from "./Outcomes";
import { SaveDialog } from "./SaveDialog";
import classes from "./WhoPays.module.css";

const WRITE = "PUT /api/v1/workspaces/{ws}/policy" as const;

export function WhoPays() {
  const here = useHere();
  const policy = useQuery(policyQuery(here.id));
  const denied = useDenied(here.may(WRITE), "admin", "Only admins can change who pays.");
  return (
    <Page
      title="Who pays"
      purpose="Choose which account pays for model calls, and what may happen when your key can't."
      within={here.name}
    >
      {denied && <Denied>{denied}</Denied>}
      <Loaded query={policy} heights={[420]}>
        {(policy) => <Choice key={JSON.stringify([policy.payer, policy.fallback])} policy={policy} />}
      </Loaded>
      <Costs />
    </Page>
  );
}

function Choice({ policy }: { policy: Policy }) {
  const here = useHere();
  const mayWrite = here.may(WRITE);
  const managed = managedName(usePlan());
  const providers = useQuery(providersQuery);
  const [payer, setPayer] = useState(policy.payer);
  const [edited, setFallback] = useState<Policy["fallback"]>(policy.fallback);
  const [agreedTo, setAgreedTo] = useState<string | null>(null);
  const [isAsked, setAsked] = useState(false);
  const isFirst = payer === "byok_preferred";
  // The other policies keep the consent as it was: nothing is agreed to that is not shown.
  const fallback = isFirst ? edited : policy.fallback;
  const cap = fallback.on.length > 0 ? capOf(fallback.daily_cap_usd ?? "") : null;
  const chosen = { payer, fallback: { on: fallback.on, daily_cap_usd: cap } };
  const said = consent(chosen.fallback, managed ?? "credits", providers.data?.map(({ name }) => name) ?? []);
  const isNewConsent = !sameFallback(chosen.fallback, policy.fallback);
  const changed = payer !== policy.payer || isNewConsent;
  const isWhole = fallback.on.length === 0 || cap !== null;
  const preview = useQuery({ ...previewQuery(here.id, chosen), enabled: changed && isWhole });
  const outcomes = changed ? preview.data?.outcomes : policy.outcomes;
  const needsConsent = isNewConsent && fallback.on.length > 0;
  const saving = useSave(chosen, () => setAsked(false));

  return (
    <Grid gap="lg">
      <Grid.Col span={{ base: 12, md: 6 }}>
        <Stack gap="md">
          <Policies
            payer={payer}
            managed={managed}
            fallsBack={fallback.on.length > 0}
            mayWrite={mayWrite}
            onChange={setPayer}
          />
          {isFirst && managed && (
            <FallbackForm
              fallback={fallback}
              managed={managed}
              mayWrite={mayWrite}
              onChange={setFallback}
              consent={said}
              agreed={needsConsent ? agreedTo === said : null}
              onAgree={(agreed) => setAgreedTo(agreed ? said : null)}
            />
          )}
          {fallback.on.length === 0 && (
            <Text size="sm" c="dimmed">
              A key that fails never moves a call to another payer. The call fails and says why.
            </Text>
          )}
          {changed && (
            <Group className={classes.bar}>
              <Button disabled={!isWhole || (needsConsent && agreedTo !== said)} onClick={() => setAsked(true)}>
                Save
              </Button>
              <Button
                variant="default"
                onClick={() => {
                  setPayer(policy.payer);
                  setFallback(policy.fallback);
                }}
              >
                Keep it as it was
              </Button>
              <Text size="sm" c="dimmed">
                {needsConsent && agreedTo !== said
                  ? "Agree to the sentence above first."
                  : "You see what changes first."}
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
      <SaveDialog
        opened={isAsked}
        onClose={() => setAsked(false)}
        before={policy}
        after={preview.data}
        providers={providers.data ?? []}
        consent={needsConsent ? said : null}
        {...saving}
      />
    </Grid>
  );
}

interface PoliciesProps {
  payer: string;
  managed: string | null;
  fallsBack: boolean;
  mayWrite: boolean;
  onChange: (payer: string) => void;
}

function Policies({ payer, managed, fallsBack, mayWrite, onChange }: PoliciesProps) {
  return (
    <Radio.Group value={payer} onChange={onChange} aria-label="Who pays">
      <Stack gap="sm">
        {choices(managed, fallsBack).map(({ value, title, text }) => (
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
  );
}

interface Chosen {
  payer: string;
  fallback: { on: string[]; daily_cap_usd: string | null };
}

function useSave(chosen: Chosen, onDone: () => void) {
  const here = useHere();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function save() {
    setBusy(true);
    setError(null);
    try {
      const path = { ws: here.id };
      await answered(api.PUT("/api/v1/workspaces/{ws}/policy", { params: { path }, body: chosen }));
      const cap = chosen.payer === "byok_preferred" ? chosen.fallback.daily_cap_usd : null;
      notifications.show({
        message: cap ? `Saved. Up to ${usd(cap)} a day, never more.` : "Saved. In force from the next call.",
      });
      onDone();
      await Promise.all([
        queries.invalidateQueries(policyQuery(here.id)),
        queries.invalidateQueries(keysQuery(here.id)),
        queries.invalidateQueries({ queryKey: [here.id, "costs"] }),
        queries.invalidateQueries(modelsQuery(here.id)),
      ]);
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  }
  return { onSave: () => void save(), busy, error };
}

function sameFallback(one: Policy["fallback"], other: Policy["fallback"]): boolean {
  const text = ({ on, daily_cap_usd }: Policy["fallback"]) => JSON.stringify([on.toSorted(), daily_cap_usd ?? null]);
  return text(one) === text(other) || (one.on.length === 0 && other.on.length === 0);
}

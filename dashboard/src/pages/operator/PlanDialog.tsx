import { Button, Group, Select, Stack, Table, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconMoon, IconSun } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type PayerOutlook, type Schemas, type Workspace } from "../../api/client";
import { answered } from "../../api/failure";
import { planPreviewQuery } from "../../api/operator";
import { everyPlanQuery, providersQuery } from "../../api/queries";
import { plural } from "../../format/number";
import { ChangeButton } from "../../ui/ChangeButton";
import { Dialog } from "../../ui/Dialog";
import { FailurePanel } from "../../ui/FailurePanel";
import { Loaded } from "../../ui/Loaded";
import { Panel } from "../../ui/Panel";
import { PayerBadge, payerKind } from "../../ui/Payer";

interface Props {
  workspace: Workspace;
  opened: boolean;
  onClose: () => void;
}

export function PlanDialog({ workspace, opened, onClose }: Props) {
  return (
    <Dialog opened={opened} onClose={onClose} title={`Change the plan of ${workspace.name}`} size={560}>
      <Choice workspace={workspace} onClose={onClose} />
    </Dialog>
  );
}

function Choice({ workspace, onClose }: Omit<Props, "opened">) {
  const plans = useQuery(everyPlanQuery);
  const queries = useQueryClient();
  const [plan, setPlan] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const chosen = plans.data?.find(({ id }) => id === plan);

  async function change() {
    if (!chosen) return;
    setBusy(true);
    setError(null);
    try {
      const params = { path: { ws: workspace.id } };
      await answered(api.PATCH("/api/v1/workspaces/{ws}", { params, body: { plan: chosen.id } }));
      notifications.show({ message: `${workspace.name} is on ${chosen.name} from the next call on.` });
      onClose();
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
    await Promise.all([
      queries.invalidateQueries({ queryKey: [workspace.id] }),
      queries.invalidateQueries({ queryKey: ["operator"] }),
    ]);
  }

  return (
    <Stack gap="md">
      <Select
        label="Plan"
        data={(plans.data ?? [])
          .filter(({ id }) => id !== workspace.plan)
          .map(({ id, name }) => ({ value: id, label: name }))}
        value={plan}
        onChange={setPlan}
        allowDeselect={false}
        data-autofocus
      />
      {chosen && <Preview workspace={workspace} plan={chosen.id} />}
      {error !== null && <FailurePanel error={error} />}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onClose}>
          Keep the plan
        </Button>
        {chosen && (
          <ChangeButton loading={busy} onClick={() => void change()}>
            {`Change to ${chosen.name}`}
          </ChangeButton>
        )}
      </Group>
    </Stack>
  );
}

function Preview({ workspace, plan }: { workspace: Workspace; plan: string }) {
  const preview = useQuery(planPreviewQuery(workspace.id, plan));
  return (
    <Loaded query={preview} heights={[160]}>
      {(preview) => (
        <Stack gap="md">
          <Keys preview={preview} />
          <Payers preview={preview} />
        </Stack>
      )}
    </Loaded>
  );
}

function Keys({ preview: { keys_asleep, keys_waking, dormant_keys } }: { preview: Schemas["PlanPreview"] }) {
  if (keys_asleep > 0) {
    const fall = keys_asleep === 1 ? "falls" : "fall";
    return (
      <Panel tone="attention" Icon={IconMoon} title={`${plural(keys_asleep, "provider key")} ${fall} asleep`} live>
        <Text size="sm">
          {dormant_keys === "stop" ? (
            <>
              <strong>Calls to these providers fail</strong> until the plan has own keys again, the key is disconnected,
              or the policy is Managed only.
            </>
          ) : (
            "Managed access serves calls to these providers meanwhile."
          )}{" "}
          The keys are kept and wake by themselves.
        </Text>
      </Panel>
    );
  }
  if (keys_waking > 0) {
    const wake = keys_waking === 1 ? "wakes" : "wake";
    return (
      <Panel tone="ok" Icon={IconSun} title={`${plural(keys_waking, "provider key")} ${wake} up`} live>
        <Text size="sm">Calls to these providers run on them again.</Text>
      </Panel>
    );
  }
  return (
    <Text size="sm" role="status">
      No key falls asleep, none wakes up.
    </Text>
  );
}

function Payers({ preview }: { preview: Schemas["PlanPreview"] }) {
  const providers = useQuery(providersQuery);
  const nameOf = (id: string) => providers.data?.find((provider) => provider.id === id)?.name ?? id;
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Who pays</Table.Th>
          <Table.Th>Now</Table.Th>
          <Table.Th>After</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {preview.providers.map(({ provider, before, after }) => (
          <Table.Tr key={provider}>
            <Table.Th scope="row" fw={400}>
              {nameOf(provider)}
            </Table.Th>
            <Table.Td>
              <Outlook outlook={before} />
            </Table.Td>
            <Table.Td>
              <Outlook outlook={after} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Outlook({ outlook: { payer, reason } }: { outlook: PayerOutlook }) {
  return (
    <Stack gap={4} align="flex-start">
      <PayerBadge payer={payerKind(payer)}>{payer ? undefined : "Calls fail"}</PayerBadge>
      {reason && (
        <Text size="xs" c="dimmed" ff="monospace">
          {reason.code}
        </Text>
      )}
    </Stack>
  );
}

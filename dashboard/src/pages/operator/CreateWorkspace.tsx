import { Group, Select, Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { answered } from "../../api/failure";
import { everyPlanQuery, workspacesQuery } from "../../api/queries";
import { ChangeButton } from "../../ui/ChangeButton";
import { Dialog } from "../../ui/Dialog";
import { FailurePanel } from "../../ui/FailurePanel";

export function CreateWorkspace({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Dialog opened={opened} onClose={onClose} title="Create workspace" size={480}>
      <Form onClose={onClose} />
    </Dialog>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const plans = useQuery(everyPlanQuery);
  const [name, setName] = useState("");
  const [plan, setPlan] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function create() {
    setBusy(true);
    setError(null);
    try {
      await answered(api.POST("/api/v1/workspaces", { body: { name: name.trim(), plan } }));
      notifications.show({ message: `${name.trim()} is there. Invite its people under Members.` });
      onClose();
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
    await Promise.all([
      queries.invalidateQueries(workspacesQuery),
      queries.invalidateQueries({ queryKey: ["operator"] }),
    ]);
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <Stack gap="md">
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
          required
          withAsterisk={false}
        />
        <Select
          label="Plan"
          data={(plans.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
          value={plan}
          onChange={setPlan}
          required
          withAsterisk={false}
        />
        {error !== null && <FailurePanel error={error} />}
        <Group justify="flex-end">
          <ChangeButton type="submit" loading={busy}>
            Create workspace
          </ChangeButton>
        </Group>
      </Stack>
    </form>
  );
}

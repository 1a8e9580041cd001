import { Button, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { answered } from "../../api/failure";
import { type Budget, budgetsQuery } from "../../api/money";
import { usd } from "../../format/amount";
import { useHere } from "../../session/context";
import { ChangeButton } from "../../ui/ChangeButton";
import { Dialog } from "../../ui/Dialog";
import { FailurePanel } from "../../ui/FailurePanel";

export function RemoveDialog({ budget, onClose }: { budget: Budget | null; onClose: () => void }) {
  return (
    <Dialog opened={budget !== null} onClose={onClose} title="Remove the budget?" size={480}>
      {budget && <Question budget={budget} onClose={onClose} />}
    </Dialog>
  );
}

function Question({ budget, onClose }: { budget: Budget; onClose: () => void }) {
  const { id: ws } = useHere();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const refetch = () => queries.invalidateQueries(budgetsQuery(ws));

  async function remove() {
    setBusy(true);
    setError(null);
    try {
      const path = { ws, id: budget.id };
      await answered(api.DELETE("/api/v1/workspaces/{ws}/budgets/{id}", { params: { path } }));
      notifications.show({ message: "Removed. It counts nothing any more." });
      // Closed only once the list is without it: the focus must not go to a button that is about to go.
      await refetch();
      onClose();
    } catch (failure) {
      setError(failure);
      await refetch();
    }
    setBusy(false);
  }

  return (
    <Stack gap="md">
      <Text>
        From the next call on,{" "}
        <strong>
          {budget.action === "block"
            ? `nothing stops calls above ${usd(budget.limit_usd)}`
            : `nobody is told of calls above ${usd(budget.limit_usd)}`}
        </strong>
        . {usd(budget.used_usd)} of it are used; another budget begins at $0.00.
      </Text>
      {error !== null && <FailurePanel error={error} />}
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onClose} data-autofocus>
          Keep the budget
        </Button>
        <ChangeButton color="red" loading={busy} onClick={() => void remove()}>
          Remove
        </ChangeButton>
      </Group>
    </Stack>
  );
}

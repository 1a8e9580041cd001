import { Group, Paper, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type Invitation } from "../../api/client";
import { answered, Failure } from "../../api/failure";
import { invitationsQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { Actor } from "../../ui/Actor";
import { ChangeButton } from "../../ui/ChangeButton";
import { FailurePanel } from "../../ui/FailurePanel";
import { Time } from "../../ui/Time";
import { roles } from "./roles";

/** Who is invited and has not come yet. */
export function Invitations() {
  const here = useHere();
  const query = useQuery(invitationsQuery(here.id));
  if (query.isError) return <FailurePanel error={query.error} retry={() => void query.refetch()} />;
  if (!query.data?.length) return null;
  return (
    <Stack gap="sm" component="section" aria-label="Open invitations">
      <Title order={2} size="h3">
        Open invitations
      </Title>
      {query.data.map((invitation) => (
        <Row key={invitation.id} invitation={invitation} />
      ))}
    </Stack>
  );
}

function Row({ invitation: { id, mail, role, created_by, expires_at } }: { invitation: Invitation }) {
  const here = useHere();
  const queries = useQueryClient();

  async function cancel() {
    try {
      const path = { ws: here.id, id };
      await answered(api.DELETE("/api/v1/workspaces/{ws}/invitations/{id}", { params: { path } }));
      notifications.show({ message: `Cancelled. The link for ${mail} works no more.` });
    } catch (error) {
      const said = error instanceof Failure ? error.problem.detail : "The invitation could not be cancelled.";
      notifications.show({ message: said, color: "red" });
    }
    await queries.invalidateQueries(invitationsQuery(here.id));
  }

  return (
    <Paper withBorder p="md">
      <Group justify="space-between">
        <div>
          <Text fw={500}>{mail}</Text>
          <Text size="sm" c="dimmed" component="div">
            {roles.find(({ value }) => value === role)?.label ?? role}, invited by <Actor id={created_by} /> · ends{" "}
            <Time at={expires_at} />
          </Text>
        </div>
        <ChangeButton variant="default" aria-label={`Cancel the invitation of ${mail}`} onClick={() => void cancel()}>
          Cancel
        </ChangeButton>
      </Group>
    </Paper>
  );
}

import { Button, Group, Paper, Select, Stack, Text } from "@mantine/core";
import { useNetwork } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api, type Member } from "../../api/client";
import { answered, Failure } from "../../api/failure";
import { membersQuery } from "../../api/queries";
import { useHere } from "../../session/context";
import { useDenied } from "../../session/denied";
import { ChangeButton } from "../../ui/ChangeButton";
import { Denied } from "../../ui/Denied";
import { Empty } from "../../ui/Empty";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { Time } from "../../ui/Time";
import { Invitations } from "./Invitations";
import { InviteDialog } from "./InviteDialog";
import { RemoveDialog } from "./RemoveDialog";
import { roles } from "./roles";

const INVITE = "POST /api/v1/workspaces/{ws}/members" as const;

export function Members() {
  const here = useHere();
  const search = useSearch({ from: "/signed-in/w/$ws/settings/members" });
  const navigate = useNavigate();
  const members = useQuery(membersQuery(here.id));
  const [leaving, setLeaving] = useState<Member | null>(null);
  const mayInvite = here.may(INVITE);
  const denied = useDenied(mayInvite, "owner", "Only owners can invite people and change roles.");
  return (
    <Page
      title="Members"
      purpose="Who belongs to this workspace, and what each may do."
      within={here.name}
      action={
        <ChangeButton
          leftSection={<IconPlus size={16} stroke={1.75} />}
          denied={denied}
          onClick={() => void navigate({ to: ".", search: { new: true } })}
        >
          Invite
        </ChangeButton>
      }
    >
      {denied && <Denied>{denied}</Denied>}
      <Loaded query={members} heights={[200]}>
        {(members) => (
          <Stack gap="sm">
            {members.length === 0 && <Empty title="Nobody yet">Invite the first owner by a link.</Empty>}
            {members.map((member) => (
              <MemberRow key={member.id} member={member} onRemove={() => setLeaving(member)} />
            ))}
          </Stack>
        )}
      </Loaded>
      {here.may("GET /api/v1/workspaces/{ws}/invitations") && <Invitations />}
      <InviteDialog opened={search.new === true && mayInvite} onClose={() => void navigate({ to: ".", search: {} })} />
      <RemoveDialog member={leaving} onClose={() => setLeaving(null)} />
    </Page>
  );
}

function MemberRow({ member, onRemove }: { member: Member; onRemove: () => void }) {
  const here = useHere();
  const queries = useQueryClient();
  const { online } = useNetwork();
  const mayChange = here.may("PATCH /api/v1/workspaces/{ws}/members/{id}");

  async function change(role: string) {
    try {
      const path = { ws: here.id, id: member.id };
      await answered(api.PATCH("/api/v1/workspaces/{ws}/members/{id}", { params: { path }, body: { role } }));
      notifications.show({ message: `${member.name} is ${role} from now on, and signs in again.` });
    } catch (error) {
      const said = error instanceof Failure ? error.problem.detail : "The role could not be changed.";
      notifications.show({ message: said, color: "red" });
    }
    await queries.invalidateQueries(membersQuery(here.id));
  }

  return (
    <Paper withBorder p="md">
      <Group justify="space-between">
        <div>
          <Text fw={500}>
            {member.name}
            {member.you && " (you)"}
          </Text>
          <Text size="sm" c="dimmed">
            {member.mail && `${member.mail} · `}member since <Time at={member.since} />
            {member.last_seen_at && (
              <>
                {" "}
                · last seen <Time at={member.last_seen_at} />
              </>
            )}
          </Text>
        </div>
        <Group gap="sm">
          {mayChange && !member.you && online ? (
            <Select
              aria-label={`Role of ${member.name}`}
              data={roles}
              value={member.role}
              allowDeselect={false}
              w={140}
              onChange={(role) => role && void change(role)}
            />
          ) : (
            <Text size="sm">{roles.find(({ value }) => value === member.role)?.label ?? member.role}</Text>
          )}
          {(mayChange || member.you) && (
            <Button variant="default" onClick={onRemove} aria-label={member.you ? "Leave" : `Remove ${member.name}`}>
              {member.you ? "Leave" : "Remove"}
            </Button>
          )}
        </Group>
      </Group>
    </Paper>
  );
}

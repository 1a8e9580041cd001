import { TextInput } from "@mantine/core";
import { acceptInvite, type LinkLook } from "../../session/access";
import { field, NameField, PasswordField } from "./fields";
import { OneTime } from "./OneTime";

export function Invite() {
  return (
    <OneTime title="Join the workspace" purpose={purpose} action="Join" send={send}>
      {({ mail, has_account }) => (
        <>
          <TextInput label="Email" value={mail ?? ""} autoComplete="username" readOnly />
          {!has_account && <NameField autoFocus />}
          <PasswordField isNew={!has_account} autoFocus={has_account} />
        </>
      )}
    </OneTime>
  );
}

function purpose({ workspace, role, has_account }: LinkLook): string {
  const next = has_account ? "Your password shows that it's you." : "Choose a name and a password.";
  return `You are invited to ${workspace} as ${role}. ${next}`;
}

function send(token: string, fields: FormData, { has_account }: LinkLook) {
  const name = has_account ? null : field(fields, "name");
  return acceptInvite({ token, name, password: field(fields, "password") });
}

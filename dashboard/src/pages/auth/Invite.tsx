import { acceptInvitation } from "../../session/access";
import { field, PasswordField } from "./fields";
import { Gate } from "./Gate";
import { OneTime } from "./OneTime";

export function Invite() {
  return (
    <Gate title="Join the workspace" purpose="Choose a password; you sign in with it from now on.">
      <OneTime action="Join" send={(token, fields) => acceptInvitation(token, field(fields, "password"))}>
        <PasswordField isNew autoFocus />
      </OneTime>
    </Gate>
  );
}

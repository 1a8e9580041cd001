import { resetPassword } from "../../session/access";
import { field, PasswordField } from "./fields";
import { Gate } from "./Gate";
import { OneTime } from "./OneTime";

export function Reset() {
  return (
    <Gate title="Choose a new password" purpose="All sessions that are open elsewhere end.">
      <OneTime action="Save and sign in" send={(token, fields) => resetPassword(token, field(fields, "password"))}>
        <PasswordField label="New password" isNew autoFocus />
      </OneTime>
    </Gate>
  );
}

import { setUp } from "../../session/access";
import { MailField, PasswordField, field } from "./fields";
import { Gate } from "./Gate";
import { OneTime } from "./OneTime";

export function Setup() {
  return (
    <Gate title="Set up Ownkey" purpose="You make the first account. It belongs to the operator of this installation.">
      <OneTime
        action="Make the account"
        send={(token, fields) => setUp(token, field(fields, "email"), field(fields, "password"))}
      >
        <MailField />
        <PasswordField isNew />
      </OneTime>
    </Gate>
  );
}

import { TextInput } from "@mantine/core";
import { resetPassword } from "../../session/access";
import { field, PasswordField } from "./fields";
import { OneTime } from "./OneTime";

export function Reset() {
  return (
    <OneTime
      title="Choose a new password"
      purpose={() => "Sessions that are open elsewhere end."}
      action="Save and sign in"
      send={(token, fields) => resetPassword(token, field(fields, "password"))}
    >
      {({ mail }) => (
        <>
          <TextInput label="Email" value={mail ?? ""} autoComplete="username" readOnly />
          <PasswordField label="New password" isNew autoFocus />
        </>
      )}
    </OneTime>
  );
}

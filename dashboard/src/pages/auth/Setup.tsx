import { TextInput } from "@mantine/core";
import { setUp } from "../../session/access";
import { useProduct } from "../../session/context";
import { field, MailField, NameField, PasswordField } from "./fields";
import { OneTime } from "./OneTime";

export function Setup() {
  const product = useProduct();
  return (
    <OneTime
      title={`Set up ${product}`}
      purpose={() => "The first account runs this installation."}
      action="Make the account"
      send={(token, fields) =>
        setUp({
          token,
          mail: field(fields, "mail"),
          name: field(fields, "name"),
          password: field(fields, "password"),
          workspace: field(fields, "workspace") || null,
        })
      }
    >
      {() => (
        <>
          <MailField />
          <NameField />
          <PasswordField isNew />
          <TextInput
            name="workspace"
            label="First workspace"
            description="Leave it empty if your product makes workspaces, or has plans to choose from."
          />
        </>
      )}
    </OneTime>
  );
}

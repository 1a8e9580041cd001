import { useQueryClient } from "@tanstack/react-query";
import { signIn } from "../../session/access";
import { begin } from "../../session/session";
import { field, MailField, PasswordField } from "./fields";
import { SecretForm } from "./SecretForm";

export function LoginForm({ mail, onDone }: { mail?: string; onDone: () => void }) {
  const queries = useQueryClient();
  async function send(fields: FormData) {
    begin(queries, await signIn(field(fields, "mail"), field(fields, "password")));
    onDone();
  }
  return (
    <SecretForm action="Sign in" send={send}>
      <MailField mail={mail} />
      <PasswordField autoFocus={mail !== undefined} />
    </SecretForm>
  );
}

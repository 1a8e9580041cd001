import { useQueryClient } from "@tanstack/react-query";
import { signIn } from "../../session/access";
import { sessionQuery } from "../../session/session";
import { field, MailField, PasswordField } from "./fields";
import { SecretForm } from "./SecretForm";

export function LoginForm({ mail, onDone }: { mail?: string; onDone: () => void }) {
  const queries = useQueryClient();
  async function send(fields: FormData) {
    await signIn(field(fields, "email"), field(fields, "password"));
    await queries.fetchQuery({ ...sessionQuery, staleTime: 0 });
    onDone();
  }
  return (
    <SecretForm action="Sign in" send={send}>
      <MailField mail={mail} />
      <PasswordField autoFocus={mail !== undefined} />
    </SecretForm>
  );
}

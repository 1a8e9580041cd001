import { Anchor, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { sessionQuery } from "../../session/session";
import { useFragmentToken } from "../../session/token";
import { SecretForm } from "./SecretForm";

interface Props {
  action: string;
  send: (token: string, fields: FormData) => Promise<void>;
  children: ReactNode;
}

/** What a link that works once leads to. */
export function OneTime({ action, send, children }: Props) {
  const token = useFragmentToken();
  const navigate = useNavigate();
  const queries = useQueryClient();
  if (!token) {
    return (
      <Text>
        This page needs the whole link that you were given. If it has been used,{" "}
        <Anchor renderRoot={(props) => <Link to="/login" search={{}} {...props} />}>sign in</Anchor>.
      </Text>
    );
  }
  async function go(fields: FormData) {
    await send(token, fields);
    await queries.fetchQuery({ ...sessionQuery, staleTime: 0 });
    await navigate({ to: "/" });
  }
  return (
    <SecretForm action={action} send={go}>
      {children}
    </SecretForm>
  );
}

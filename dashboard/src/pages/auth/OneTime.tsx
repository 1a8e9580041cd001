import { Anchor, Loader, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type LinkLook, lookAt } from "../../session/access";
import { begin, type Session } from "../../session/session";
import { useFragmentToken } from "../../session/token";
import { FailurePanel } from "../../ui/FailurePanel";
import { Gate } from "./Gate";
import { SecretForm } from "./SecretForm";

interface Props {
  title: string;
  purpose: (link: LinkLook) => string;
  action: string;
  send: (token: string, fields: FormData, link: LinkLook) => Promise<Session>;
  children: (link: LinkLook) => ReactNode;
}

/** What a link that works once leads to: first what it is for, then what it needs. */
export function OneTime({ title, purpose, action, send, children }: Props) {
  const token = useFragmentToken();
  const navigate = useNavigate();
  const queries = useQueryClient();
  // The key has no token in it: caches hold no secrets.
  const link = useQuery({ queryKey: ["link"], queryFn: () => lookAt(token), enabled: token !== "", gcTime: 0 });

  async function go(fields: FormData) {
    if (!link.data) return;
    begin(queries, await send(token, fields, link.data));
    await navigate({ to: "/" });
  }

  return (
    <Gate title={title} {...(link.data && { purpose: purpose(link.data) })}>
      {!token && <Text mb="md">This page needs the whole link that you were given.</Text>}
      {link.isError && <FailurePanel error={link.error} />}
      {link.isLoading && <Loader size="sm" />}
      {link.data ? (
        <SecretForm action={action} send={go}>
          {children(link.data)}
        </SecretForm>
      ) : (
        <Anchor renderRoot={(props) => <Link to="/login" search={{}} {...props} />}>Sign in</Anchor>
      )}
    </Gate>
  );
}

import { Box, Center, Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Navigate, Outlet, useRouter } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { LoginForm } from "../pages/auth/LoginForm";
import { SessionContext } from "../session/context";
import { type Session, sessionQuery } from "../session/session";
import { FailurePanel } from "../ui/FailurePanel";
import { Loading } from "../ui/Loading";

/** Everything that needs a session. When one ends, the page stays as it was under a dialog that asks to sign in. */
export function SignedIn() {
  const session = useQuery(sessionQuery);
  const last = useRef<Session | null>(null);
  if (session.data) last.current = session.data;
  const shown = session.data ?? last.current;
  if (shown) {
    return (
      <SessionContext value={shown}>
        <Outlet />
        <SessionOver opened={session.data === null} mail={shown.user.mail} />
      </SessionContext>
    );
  }
  if (session.isPending) return <Loading heights={[56, 400]} />;
  if (session.isError) {
    return (
      <Center mih="100vh" p="md">
        <Box maw={560}>
          <FailurePanel error={session.error} retry={() => void session.refetch()} />
        </Box>
      </Center>
    );
  }
  return <ToLogin />;
}

function ToLogin() {
  const { state } = useRouter();
  // Where one is changes on the way; where one wanted to go does not.
  const [next] = useState(state.location.href);
  return <Navigate to="/login" search={{ next }} replace />;
}

/** Other dialogs stay open under it. */
const ABOVE_ALL = 1_000;

function SessionOver({ opened, mail }: { opened: boolean; mail: string }) {
  return (
    <Modal
      opened={opened}
      zIndex={ABOVE_ALL}
      onClose={() => {}}
      withCloseButton={false}
      closeOnEscape={false}
      title="Your session has ended. Sign in to go on."
    >
      <LoginForm mail={mail} onDone={() => {}} />
    </Modal>
  );
}

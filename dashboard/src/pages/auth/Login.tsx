import { useNavigate, useSearch } from "@tanstack/react-router";
import { Gate } from "./Gate";
import { LoginForm } from "./LoginForm";
import { nextPath } from "./next";

export function Login() {
  const { next } = useSearch({ from: "/login" });
  const navigate = useNavigate();
  return (
    <Gate title="Sign in">
      <LoginForm onDone={() => void navigate({ href: nextPath(next) })} />
    </Gate>
  );
}

import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";

/** The one-time token after the `#`, taken out of the address bar at once. */
export function useFragmentToken(): string {
  const [token] = useState(() => window.location.hash.slice(1));
  const navigate = useNavigate();
  useEffect(() => void navigate({ to: ".", hash: "", replace: true }), [navigate]);
  return token;
}

import { useState } from "react";

/** The one-time token after the `#`, taken out of the address bar at once. */
export function useFragmentToken(): string {
  const [token] = useState(takeToken);
  return token;
}

let taken = "";

function takeToken(): string {
  const fragment = window.location.hash.slice(1);
  if (fragment) {
    taken = fragment;
    window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  }
  return taken;
}

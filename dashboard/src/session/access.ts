import { type Session, send } from "./session";

// Getting in. Passwords and one-time tokens pass through here once and are kept nowhere.

export function signIn(mail: string, password: string): Promise<Session> {
  return send("POST", "/api/v1/session", { mail, password });
}

export interface FirstPerson {
  mail: string;
  name: string;
  password: string;
  workspace: string;
}

export function setUp(token: string, person: FirstPerson): Promise<Session> {
  return send("POST", "/api/v1/setup", { token, ...person });
}

/** What a link that works once is for. */
export interface LinkLook {
  mail: string | null;
  has_account: boolean;
  workspace: string | null;
  role: string | null;
  product: string;
}

export function lookAt(token: string): Promise<LinkLook> {
  return send("POST", "/api/v1/links/look", { token });
}

export function acceptInvite(token: string, name: string | undefined, password: string): Promise<Session> {
  return send("POST", "/api/v1/invites/accept", { token, name, password });
}

export function resetPassword(token: string, password: string): Promise<Session> {
  return send("POST", "/api/v1/resets/accept", { token, password });
}

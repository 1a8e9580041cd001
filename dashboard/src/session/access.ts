import { api, type Schemas } from "../api/client";
import { answered } from "../api/failure";
import type { Session } from "./session";

// Getting in. Passwords and one-time tokens pass through here once and are kept nowhere.

export function signIn(mail: string, password: string): Promise<Session> {
  return answered(api.POST("/api/v1/session", { body: { mail, password } }));
}

export function setUp(body: Schemas["SetupInput"]): Promise<Session> {
  return answered(api.POST("/api/v1/setup", { body }));
}

/** What a link that works once is for. */
export type LinkLook = Schemas["LinkView"];

export function lookAt(token: string): Promise<LinkLook> {
  return answered(api.POST("/api/v1/links/look", { body: { token } }));
}

export function acceptInvite(body: Schemas["AcceptInput"]): Promise<Session> {
  return answered(api.POST("/api/v1/invites/accept", { body }));
}

export function resetPassword(token: string, password: string): Promise<Session> {
  return answered(api.POST("/api/v1/resets/accept", { body: { token, password } }));
}

export function changePassword(current: string, password: string): Promise<Session> {
  return answered(api.PUT("/api/v1/password", { body: { current, password } }));
}

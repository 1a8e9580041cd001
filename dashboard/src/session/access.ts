import { send } from "./session";

// Getting in. Passwords and one-time tokens pass through here once and are kept nowhere.

export function signIn(mail: string, password: string): Promise<void> {
  return send("POST", "/api/v1/login", { email: mail, password });
}

export function setUp(token: string, mail: string, password: string): Promise<void> {
  return send("POST", "/api/v1/setup", { token, email: mail, password });
}

export function acceptInvitation(token: string, password: string): Promise<void> {
  return send("POST", "/api/v1/invitations/accept", { token, password });
}

export function resetPassword(token: string, password: string): Promise<void> {
  return send("POST", "/api/v1/password-resets/accept", { token, password });
}

import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type ProviderKey = Schemas["ProviderKey"];
export type Provider = Schemas["Provider"];
export type PayerOutlook = Schemas["PayerOutlook"];
export type Verdict = Schemas["Verdict"];
export type Policy = Schemas["Policy"];
export type PolicyInput = Schemas["PolicyInput"];
export type ErrorCode = Schemas["ErrorCode"];
export type Plan = Schemas["Plan"];
export type Model = Schemas["Model"];
export type Receipt = Schemas["Receipt"];
export type ReceiptDetail = Schemas["ReceiptDetail"];
export type Attempt = Schemas["Attempt"];
export type UsageRow = Schemas["UsageRow"];
export type ApiKey = Schemas["ApiKey"];
export type Agent = Schemas["Agent"];
export type AuditEvent = Schemas["AuditEvent"];
export type AuditCheck = Schemas["AuditCheck"];
export type Invitation = Schemas["Invitation"];
export type Connection = Schemas["Connection"];
export type ConnectionProvider = Schemas["ConnectionProvider"];
export type Webhook = Schemas["Webhook"];
export type WebhookAttempt = Schemas["WebhookAttempt"];
export type WebhookDelivery = Schemas["WebhookDelivery"];
export type Member = Schemas["Member"];
export type Workspace = Schemas["Workspace"];

/**
 * The management API; the browser adds the session's cookie. Every request says that it is JSON, those without a body
 * too: no form of another site can, so the server takes it for ours.
 */
export const api = createClient<paths>({
  baseUrl: "/",
  credentials: "same-origin",
  headers: { "content-type": "application/json" },
});

// A real OpenID provider with one client, whose refresh tokens rotate. Its job is the only argument; what happens there
// is a line of JSON each on stdout.
import { Provider } from "oidc-provider";

const job = JSON.parse(process.argv[2]);
const told = (event, more) => process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);

const provider = new Provider(job.issuer, {
  clients: [
    {
      client_id: job.client_id,
      client_secret: job.client_secret,
      redirect_uris: [job.redirect_uri],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
    },
  ],
  scopes: ["openid", "offline_access"],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: job.lives_s, RefreshToken: 3600, Grant: 3600, Session: 3600, Interaction: 600 },
  features: { devInteractions: { enabled: true }, revocation: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  cookies: { keys: [job.client_secret] },
});

provider.on("refresh_token.consumed", (token) => told("consumed", { token: token.jti }));
provider.on("refresh_token.saved", (token) => told("saved", { token: token.jti }));
provider.on("grant.error", (context, error) => told("refused", { error: error.message, grant: context.oidc.params?.grant_type }));
provider.on("grant.success", (context) => told("granted", { grant: context.oidc.params.grant_type }));
provider.on("grant.revoked", () => told("revoked"));
provider.on("server_error", (_, error) => told("broken", { error: String(error) }));
provider.listen(new URL(job.issuer).port, "127.0.0.1", () => told("listens"));

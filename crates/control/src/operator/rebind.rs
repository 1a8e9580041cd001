//! Keys for a provider that has moved: sealed anew for its new address. A deliberate act of the operator, and each
//! workspace's audit log tells of it: it is what allows its key to be sent elsewhere.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::id::CredentialId;
use ownkey_domain::provider::Provider;
use ownkey_store::{By, Rebound, SealedCredential, Store};
use ownkey_vault::{Keyring, Origin, VaultError};
use serde::{Deserialize, Serialize};

use crate::auth::Access;
use crate::body::JsonBody;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};
use crate::sealing::{Place, open, seal};

const ORIGIN_FORM: &str = "scheme, host and port, such as https://api.example.com";
/// Keys in one step. Each is a transaction of its own.
const STEP: u32 = 64;

/// From where to where.
#[derive(Debug, Clone)]
pub struct Move {
    /// The provider.
    pub provider: Provider,
    /// What the keys are bound to.
    pub from: Origin,
    /// What they shall be bound to.
    pub to: Origin,
}

/// The keys to rebind, and where to go on.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct RebindInput {
    /// `anthropic` or `openai`.
    provider: String,
    /// The origin that the keys are bound to.
    from: String,
    /// The origin that they shall be bound to; it must be configured.
    to: String,
    /// The `next` of the step before; absent in the first.
    after: Option<String>,
}

/// What one step did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RebindStep {
    /// Keys that are bound to the new origin now.
    pub rebound: u64,
    /// Keys that can't be opened. They stay as they are.
    pub unreadable: u64,
    /// Where the next step goes on; null after the last.
    pub next: Option<String>,
}

/// Seals the next keys of a provider anew for its new address. Call it with `next` until that is null.
#[utoipa::path(
    post,
    path = "/api/v1/operator/vault/rebind",
    operation_id = "rebind_keys",
    tag = "operator",
    request_body = RebindInput,
    responses(
        (status = 200, body = RebindStep),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn rebind(
    State(control): State<Arc<Control>>,
    access: Access,
    body: JsonBody,
) -> Result<Json<RebindStep>, Problem> {
    let mut members = body.members()?;
    let provider: Provider = members.required("provider", "a provider's name")?;
    let from: String = members.required("from", ORIGIN_FORM)?;
    let to: String = members.required("to", ORIGIN_FORM)?;
    let after: Option<CredentialId> = members.optional("after", "the `next` of the step before")?;
    members.finish()?;
    let origin = |text: String, member| {
        let bad = |_| Problem::bad_request(format!("`{member}` must be {ORIGIN_FORM}.")).with("member", member);
        text.parse::<Origin>().map_err(bad)
    };
    let (from, to) = (origin(from, "from")?, origin(to, "to")?);
    if !control.endpoint(provider).is_some_and(|endpoint| endpoint.origins().any(|known| *known == to)) {
        let detail = "`to` is not configured for this provider. Set its `base_url` (or `origins`) and reload first.";
        return Err(Problem::bad_request(detail).with("member", "to"));
    }
    let moved = Move { provider, from, to };
    let by = control.by(&access.who);
    Ok(Json(rebind_step(control.store(), &control.parts.keyring, &moved, (after, by)).await?))
}

/// One step: the keys behind that one.
pub async fn rebind_step(
    store: &Store,
    keyring: &Keyring,
    moved: &Move,
    (after, by): (Option<CredentialId>, By),
) -> ownkey_store::Result<RebindStep> {
    let found = store.sealed_credentials(after, STEP).await?;
    let more = found.len() == usize::try_from(STEP).unwrap_or(usize::MAX);
    let next = found.last().filter(|_| more).map(|last| last.stored.id.to_string());
    let mut step = RebindStep { next, ..RebindStep::default() };
    for held in found {
        let bound = held.stored.origin.parse::<Origin>();
        // A damaged row may be this provider's: it is told as one that can't be opened.
        let is_others = held.stored.provider.is_some_and(|provider| provider != moved.provider);
        if is_others || bound.as_ref() != Ok(&moved.from) {
            continue;
        }
        match resealed(keyring, &held, &moved.to) {
            Ok(rebound) => step.rebound += u64::from(store.rebind_credential(&held, &rebound, by).await?),
            Err(error) => {
                step.unreadable += 1;
                tracing::error!(credential = %held.stored.id, %error, "a provider key can't be sealed anew");
            }
        }
    }
    Ok(step)
}

/// With the next version: its old bytes, put back, do not open.
fn resealed(keyring: &Keyring, held: &SealedCredential, to: &Origin) -> Result<Rebound, VaultError> {
    let SealedCredential { workspace, dek, stored } = held;
    let (key, _) = open(keyring, *workspace, dek, stored)?;
    let version = stored.secret_version.and_then(|version| version.checked_add(1)).ok_or(VaultError::Damaged)?;
    let provider = stored.provider.ok_or(VaultError::Damaged)?;
    let place = Place { workspace: *workspace, credential: stored.id, provider, origin: to, version };
    Ok(Rebound { origin: to.to_string(), sealed: seal(keyring, dek, &place, &key)?, secret_version: version })
}

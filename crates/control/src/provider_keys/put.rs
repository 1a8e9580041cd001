use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use ownkey_domain::diagnosis::Fate;
use ownkey_domain::id::CredentialId;
use ownkey_domain::provider::Provider;
use ownkey_domain::verdict::Storing;
use ownkey_providers::key::hint;
use ownkey_store::{Credential, NewCredential, Put};
use ownkey_vault::{Origin, ProviderKey};

use super::{ProviderKeyView, explain, plan_has_keys, provider_of, result_of, shown, tested};
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::{Base, Control, Endpoint};
use crate::form::SecretText;
use crate::ladder::{Finding, shape};
use crate::problem::{Problem, ProblemDocument};
use crate::sealing::{Place, SECRET_VERSION, seal};

const KEY_FORM: &str = "the provider's key as text";
const ORIGIN_FORM: &str = "one of the provider's `origins`, as GET /api/v1/providers lists them";

/// A provider key to store.
#[expect(dead_code, reason = "says in OpenAPI what `Input` is read from")]
#[derive(utoipa::ToSchema)]
pub(crate) struct ProviderKeyInput {
    /// The provider's key.
    #[schema(write_only)]
    key: String,
    /// Where it may be sent; the provider's first origin if absent.
    origin: Option<String>,
    /// Store it also when the provider can't be asked.
    save_unverified: Option<bool>,
}

struct Input {
    key: SecretText,
    origin: Option<Origin>,
    save_unverified: bool,
}

/// Tests a provider key and stores it, in place of the one before. When this answers, no new call uses the old one.
/// A refusal leaves the old key in force.
#[utoipa::path(
    put,
    path = "/api/v1/workspaces/{ws}/provider-keys/{provider}",
    operation_id = "put_provider_key",
    tag = "provider-keys",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("provider" = String, Path, description = "Its id, as in the list of providers"),
    ),
    request_body = ProviderKeyInput,
    responses(
        (status = 200, body = ProviderKeyView, description = "It took the place of another"),
        (status = 201, body = ProviderKeyView, description = "It is the first"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "Refused; `code` is the verdict"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json", description = "Too many tests"),
        (status = 502, body = ProblemDocument, content_type = "application/problem+json", description = "The provider can't be asked"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn put(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    body: JsonBody,
) -> Result<(StatusCode, Json<ProviderKeyView>), Problem> {
    let (provider, endpoint) = provider_of(&control, &access)?;
    plan_has_keys(&control, &access)?;
    let input = Input::read(&body)?;
    drop(body);
    let base = base_of(endpoint, input.origin.as_ref())?;
    let key = match shape(provider, &input.key.0) {
        Ok(key) => key,
        Err(finding) => return Err(refused(&control, &access, (provider, &finding)).await?),
    };
    drop(input.key);
    let finding = tested(&control, &access, (provider, base, &key)).await?;
    match finding.verdict().storing() {
        Storing::Yes => {}
        Storing::Unverified if input.save_unverified => {}
        Storing::Unverified | Storing::No => return Err(refused(&control, &access, (provider, &finding)).await?),
    }
    let stored = store(&control, &access, (provider, base, &key), &finding).await?;
    drop(key);
    let status = match stored {
        Put::New => StatusCode::CREATED,
        Put::Rotated(_) => StatusCode::OK,
    };
    Ok((status, Json(shown(&control, &access, provider).await?)))
}

impl Input {
    fn read(body: &JsonBody) -> Result<Self, Problem> {
        let mut members = body.members()?;
        let key = members.required("key", KEY_FORM)?;
        let origin: Option<String> = members.optional("origin", ORIGIN_FORM)?;
        let save_unverified = members.optional("save_unverified", "true or false")?.unwrap_or(false);
        members.finish()?;
        let origin = origin.map(|text| text.parse::<Origin>().map_err(|_| bad_origin())).transpose()?;
        Ok(Self { key, origin, save_unverified })
    }
}

/// Only places the operator has named: else a key could be sent anywhere by who may store one.
fn base_of<'e>(endpoint: &'e Endpoint, origin: Option<&Origin>) -> Result<&'e Base, Problem> {
    endpoint.base(origin).ok_or_else(bad_origin)
}

fn bad_origin() -> Problem {
    Problem::bad_request(format!("`origin` is not what it must be: {ORIGIN_FORM}.")).with("member", "origin")
}

async fn store(
    control: &Control,
    access: &InWorkspace,
    (provider, base, key): (Provider, &Base, &ProviderKey),
    finding: &Finding,
) -> Result<Put, Problem> {
    let gone = || Problem::not_found("There is no such workspace.");
    let id = CredentialId::from_uuid(control.fresh_id()?);
    let workspace = access.id();
    let routing = control.store().routing(workspace).await?.ok_or_else(gone)?;
    let place = Place { workspace, credential: id, provider, origin: &base.origin, version: SECRET_VERSION };
    let by = control.by(&access.who);
    let new = NewCredential {
        id,
        workspace,
        provider,
        origin: base.origin.to_string(),
        sealed: seal(&control.parts.keyring, &routing.dek, &place, key)?,
        secret_version: SECRET_VERSION,
        hint: hint(provider, key.expose_str()),
        test: Some(result_of(control, finding, provider, Fate::Saved)),
    };
    control.store().put_credential(&new, by).await?.ok_or_else(gone)
}

/// The problem of a key that is not stored: its code is the verdict's word.
async fn refused(
    control: &Control,
    access: &InWorkspace,
    (provider, finding): (Provider, &Finding),
) -> Result<Problem, Problem> {
    let stored = control.store().credentials(access.id()).await?;
    let current = Credential::at(&stored, provider).map(|credential| credential.hint.as_str());
    let explained = explain(control, finding, provider, Fate::Refused { current });
    let status = match finding.verdict().storing() {
        Storing::Unverified => StatusCode::BAD_GATEWAY,
        Storing::Yes | Storing::No => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let verdict = serde_json::to_value(&explained).unwrap_or_default();
    let problem = Problem::new(status, finding.verdict().as_str(), explained.title, explained.cause);
    Ok(problem.with("verdict", verdict).with("models", finding.models.clone()))
}

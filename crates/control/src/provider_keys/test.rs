use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::diagnosis::Fate;
use ownkey_domain::id::CredentialId;
use ownkey_domain::provider::Provider;
use ownkey_domain::time::Timestamp;
use ownkey_domain::verdict::{Explained, Storing, Verdict};
use ownkey_store::Health;
use serde::Serialize;

use super::{VerdictView, explain, no_key, plan_has_keys, provider_of, result_of, tested};
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::{Control, Endpoint};
use crate::form::SecretText;
use crate::ladder::{Finding, shape};
use crate::problem::{Problem, ProblemDocument};
use crate::sealing::open;

/// A key to test.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct TestInput {
    /// A key that is tested and not stored; the stored one if absent.
    #[schema(write_only)]
    key: Option<String>,
}

/// What a test found.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct TestView {
    /// The provider asked.
    #[schema(value_type = String)]
    provider: Provider,
    /// The stored key that was tested; null if it was another.
    #[schema(value_type = Option<String>)]
    credential: Option<CredentialId>,
    /// What the test says.
    #[schema(value_type = VerdictView)]
    verdict: Explained,
    /// The models the key opens.
    models: Vec<String>,
    /// When it was tested.
    #[schema(value_type = String)]
    tested_at: Timestamp,
}

/// Tests the stored key, or one that is not stored.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/provider-keys/{provider}/test",
    operation_id = "test_provider_key",
    tag = "provider-keys",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("provider" = String, Path, description = "Its id, as in the list of providers"),
    ),
    request_body = TestInput,
    responses(
        (status = 200, body = TestView, description = "Whatever the verdict"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json", description = "Too many tests"),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json", description = "The stored key can't be opened"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn test(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    body: JsonBody,
) -> Result<Json<TestView>, Problem> {
    let (provider, endpoint) = provider_of(&control, &access)?;
    plan_has_keys(&control, &access)?;
    let mut members = body.members()?;
    let given: Option<SecretText> = members.optional("key", "the provider's key as text")?;
    members.finish()?;
    let (credential, fate, finding) = match given {
        Some(key) => (None, Fate::Tried, given_key(&control, &access, (provider, endpoint), key).await?),
        None => {
            let (id, refused_since, finding) = stored_key(&control, &access, (provider, endpoint)).await?;
            (Some(id), Fate::Kept { refused_since }, finding)
        }
    };
    Ok(Json(TestView {
        provider,
        credential,
        verdict: explain(&control, &finding, provider, fate),
        models: finding.models,
        tested_at: control.now(),
    }))
}

async fn given_key(
    control: &Arc<Control>,
    access: &InWorkspace,
    (provider, endpoint): (Provider, &Endpoint),
    text: SecretText,
) -> Result<Finding, Problem> {
    let key = match shape(provider, &text.0) {
        Ok(key) => key,
        Err(finding) => return Ok(finding),
    };
    drop(text);
    let base = endpoint.base(None).ok_or_else(Problem::internal)?;
    tested(control, access, (provider, base, &key)).await
}

async fn stored_key(
    control: &Arc<Control>,
    access: &InWorkspace,
    (provider, endpoint): (Provider, &Endpoint),
) -> Result<(CredentialId, Option<Timestamp>, Finding), Problem> {
    let routing = control.store().routing(access.id()).await?.ok_or_else(no_key)?;
    let stored = routing.credential(provider).ok_or_else(no_key)?;
    let sealed = || Problem::key_sealed("The stored key can't be opened, so it can't be tested. Ask the operator.");
    let (key, origin) = open(&control.parts.keyring, access.id(), &routing.dek, stored).map_err(|_| sealed())?;
    // Its destination is no longer configured: it must not be sent anywhere else.
    let base = endpoint.base(Some(&origin)).ok_or_else(sealed)?;
    let finding = tested(control, access, (provider, base, &key)).await?;
    let refused_since = keep(control, access, stored.id, (provider, &finding)).await?;
    Ok((stored.id, refused_since, finding))
}

/// Keeps what the test says of the key. One that says nothing of it does not hide what is known. Since when the provider
/// refuses the key, if it does.
async fn keep(
    control: &Control,
    access: &InWorkspace,
    id: CredentialId,
    (provider, finding): (Provider, &Finding),
) -> Result<Option<Timestamp>, Problem> {
    let (store, by) = (control.store(), control.by(&access.who));
    let health = store.credential(access.id(), id).await?.map(|credential| credential.health);
    let known = health.as_ref().and_then(|health| health.invalid_since);
    if finding.verdict().storing() == Storing::Unverified {
        return Ok(known);
    }
    // The provider has just refused the key, or accepted it: what traffic has shown before is over. The next call may
    // show otherwise.
    let refused_since = (finding.verdict() == Verdict::Invalid).then_some(known.unwrap_or(by.at));
    let result = result_of(control, finding, provider, Fate::Kept { refused_since });
    store.record_test(access.id(), id, &result, by).await?;
    if let Some(health) = health.filter(|_| known.is_some() != refused_since.is_some()) {
        store.set_health(access.id(), id, &Health { invalid_since: refused_since, ..health }, by).await?;
    }
    Ok(refused_since)
}

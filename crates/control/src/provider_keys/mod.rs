//! Provider keys: the workspace's own keys at Anthropic and OpenAI. They go in and are never shown again.

use std::sync::Arc;

use ownkey_domain::diagnosis::{Circumstances, Fate};
use ownkey_domain::id::CredentialId;
use ownkey_domain::payer::KeyState;
use ownkey_domain::provider::Provider;
use ownkey_domain::time::Timestamp;
use ownkey_domain::verdict::{Explained, Storing};
use ownkey_providers::facts;
use ownkey_store::TestResult;
use ownkey_vault::ProviderKey;
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::control::{Base, Control, Endpoint};
use crate::ladder::{Finding, Test, climb};
use crate::outlook::{NextCall, Outlook, PayerView};
use crate::problem::Problem;
use state::{Held, State, held};

pub(crate) mod list;
pub(crate) mod put;
pub(crate) mod remove;
pub(crate) mod state;
pub(crate) mod test;

/// What a workspace has at a provider, as the API shows it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProviderKey)]
pub(crate) struct ProviderKeyView {
    /// The provider.
    #[schema(value_type = String)]
    provider: Provider,
    /// The id of the stored key.
    #[schema(value_type = Option<String>)]
    credential: Option<CredentialId>,
    /// How things stand.
    state: State,
    /// How the key begins and ends.
    hint: Option<String>,
    /// Where it may be sent.
    origin: Option<String>,
    /// What its last test said.
    #[schema(value_type = Option<VerdictView>)]
    verdict: Option<Explained>,
    /// The models its last test found.
    models: Vec<String>,
    /// `operator`, or the id of the platform key or the person that stored it.
    created_by: Option<String>,
    /// Who changed last what is stored here, by storing a key or by removing it: as `created_by`.
    changed_by: Option<String>,
    /// When that was.
    #[schema(value_type = Option<String>)]
    changed_at: Option<Timestamp>,
    /// What the next call of one of the provider's models does.
    payer_now: PayerView,
    /// What it would do without the key.
    payer_if_disconnected: PayerView,
    /// When it was stored.
    #[schema(value_type = Option<String>)]
    created_at: Option<Timestamp>,
    /// When it was last tested; null while it is stored untested.
    #[schema(value_type = Option<String>)]
    last_tested_at: Option<Timestamp>,
    /// When a call last used it, to the minute.
    #[schema(value_type = Option<String>)]
    last_used_at: Option<Timestamp>,
    /// The last error that the provider blamed on it.
    last_error: Option<LastError>,
    /// Since when the provider refuses it.
    #[schema(value_type = Option<String>)]
    invalid_since: Option<Timestamp>,
}

/// An error that the provider blamed on a key.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct LastError {
    /// Our code of it.
    code: String,
    /// When it was.
    #[schema(value_type = Option<String>)]
    at: Option<Timestamp>,
}

/// A verdict in plain words.
#[expect(dead_code, reason = "says in OpenAPI how the domain's `Explained` looks")]
#[derive(utoipa::ToSchema)]
#[schema(as = Verdict)]
pub(crate) struct VerdictView {
    /// `valid`, `valid_limited`, `rate_limited`, `quota_exhausted`, `invalid`, `wrong_provider`, `wrong_kind`,
    /// `malformed`, `unreachable` or `provider_incident`.
    verdict: String,
    /// What is the matter, in a few words.
    title: String,
    /// Why.
    cause: String,
    /// What to do about it.
    action: Option<ActionView>,
    /// What the test saw.
    detail: Option<String>,
    /// The moment that title or cause name, if they name one.
    moment: Option<MomentView>,
}

/// A moment that a text names.
#[expect(dead_code, reason = "says in OpenAPI how the domain's `Moment` looks")]
#[derive(utoipa::ToSchema)]
#[schema(as = Moment)]
pub(crate) struct MomentView {
    /// When.
    at: String,
    /// How the text names it: to be shown in the reader's own time, this part of it is to be replaced.
    words: String,
}

/// A link to the one thing to do.
#[expect(dead_code, reason = "says in OpenAPI how the domain's `Action` looks")]
#[derive(utoipa::ToSchema)]
#[schema(as = Action)]
pub(crate) struct ActionView {
    /// What to do.
    label: String,
    /// Where; null when it is done right here.
    url: Option<String>,
}

impl ProviderKeyView {
    fn of(control: &Control, outlook: &Outlook, held: Held) -> Self {
        let (provider, state) = (held.provider, held.state(outlook.plan()));
        let catalogue = &control.parts.catalogue;
        let keyless = NextCall::at(control, provider, KeyState::None, None);
        let mut view = Self {
            provider,
            credential: None,
            state,
            hint: None,
            origin: None,
            verdict: None,
            models: Vec::new(),
            payer_now: outlook.next(catalogue, &held.next_call(control, outlook.plan())),
            payer_if_disconnected: outlook.next(catalogue, &keyless),
            created_by: None,
            changed_by: None,
            changed_at: None,
            created_at: None,
            last_tested_at: None,
            last_used_at: None,
            last_error: None,
            invalid_since: None,
        };
        if let Some(ended) = held.ended {
            (view.changed_by, view.changed_at) = (Some(ended.by), Some(ended.at));
        }
        if let Some(credential) = held.credential {
            (view.changed_by, view.changed_at) = (Some(credential.created_by.clone()), Some(credential.created_at));
            view.credential = Some(credential.id);
            view.hint = Some(credential.hint);
            view.origin = Some(credential.origin);
            // A key that was saved although its provider could not be asked was not tested.
            let untested = |told: &Explained| told.verdict.storing() == Storing::Unverified;
            view.last_tested_at =
                credential.last_tested_at.filter(|_| !credential.verdict.as_ref().is_some_and(untested));
            view.verdict = credential.verdict;
            view.models = credential.models;
            view.created_by = Some(credential.created_by);
            view.created_at = Some(credential.created_at);
            view.last_used_at = credential.last_used_at;
            let at = credential.health.last_error_at;
            view.last_error = credential.health.last_error.map(|code| LastError { code, at });
            view.invalid_since = credential.health.invalid_since;
        }
        view
    }
}

/// What the workspace has at that provider.
async fn shown(control: &Control, access: &InWorkspace, provider: Provider) -> Result<ProviderKeyView, Problem> {
    let outlook = Outlook::of(control, &access.workspace).await?;
    let all = held(control, access.id()).await?;
    let one = all.into_iter().find(|held| held.provider == provider).ok_or_else(no_provider)?;
    Ok(ProviderKeyView::of(control, &outlook, one))
}

/// The provider named in the path.
fn provider_of<'c>(control: &'c Control, access: &InWorkspace) -> Result<(Provider, &'c Endpoint), Problem> {
    let provider: Provider = access.segment("provider").parse().map_err(|_| no_provider())?;
    Ok((provider, control.endpoint(provider).ok_or_else(no_provider)?))
}

/// Own keys are for plans that have them; what is stored can still be looked at and removed.
fn plan_has_keys(control: &Control, access: &InWorkspace) -> Result<(), Problem> {
    if control.plan(&access.workspace.plan).byok {
        return Ok(());
    }
    Err(Problem::plan_required("The workspace's plan does not include own provider keys."))
}

/// Asks the provider, within what the workspace may ask in a minute.
async fn tested(
    control: &Arc<Control>,
    access: &InWorkspace,
    (provider, base, key): (Provider, &Base, &ProviderKey),
) -> Result<Finding, Problem> {
    control.parts.throttle.admit(access.id(), control.now()).map_err(|wait| {
        Problem::rate_limited("So many tests a minute are too much for a provider. Try again later.", wait.0)
    })?;
    let test = Test { provider, base, key, catalogue: &control.parts.catalogue };
    Ok(climb(&control.prober, &control.parts.ladder, &test).await)
}

/// A finding as the store keeps it, of a key of that fate.
fn result_of(control: &Control, finding: &Finding, provider: Provider, fate: Fate<'_>) -> TestResult {
    let verdict = explain(control, finding, provider, fate);
    TestResult { verdict, models: finding.models.clone(), at: control.now() }
}

/// A finding in plain words.
fn explain(control: &Control, finding: &Finding, provider: Provider, fate: Fate<'_>) -> Explained {
    let product = control.parts.product_name.as_str();
    finding.diagnosis.explain(&Circumstances { guide: &facts(provider).guide, product, now: control.now(), fate })
}

fn no_provider() -> Problem {
    Problem::not_found("There is no such provider.")
}

fn no_key() -> Problem {
    Problem::not_found("This workspace has no key for that provider.")
}

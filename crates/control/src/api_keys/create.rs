use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use ownkey_domain::caller::PlatformKey;
use ownkey_domain::id::ApiKeyId;
use ownkey_domain::person::Role;
use ownkey_domain::platform_key::{self, ENTROPY_LEN};
use ownkey_domain::scope::Scope;
use ownkey_domain::time::Timestamp;
use ownkey_store::{ApiKey, KeyPurpose, Limits, NewApiKey};
use ownkey_vault::random_bytes;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::ApiKeyView;
use crate::auth::InWorkspace;
use crate::body::{JsonBody, Members};
use crate::control::Control;
use crate::form::Name;
use crate::problem::{Problem, ProblemDocument};
use crate::who::{Person, Who};

const SCOPES_FORM: &str = "a list of at least one scope, each once";
const EXPIRY_FORM: &str = "an RFC 3339 time in the future";
const LIMIT_FORM: &str = "a whole number of 1 or more";

/// A platform key to make.
#[derive(utoipa::ToSchema)]
pub(crate) struct ApiKeyInput {
    /// The name people give it.
    #[schema(value_type = String)]
    name: Name,
    /// What it may do; nothing that its maker may not.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Scope>,
    /// When it stops working; no later than its maker, and with it if absent.
    #[schema(value_type = Option<String>)]
    expires_at: Option<Timestamp>,
    /// Calls a minute; no more than its maker, and as many if absent.
    requests_per_minute: Option<u32>,
    /// Tokens a minute; no more than its maker, and as many if absent.
    tokens_per_minute: Option<u64>,
}

/// A platform key that was just made. Its text is shown here and never again.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = NewApiKey)]
pub(crate) struct NewApiKeyView {
    #[serde(flatten)]
    key: ApiKeyView,
    /// The key itself. It can't be shown again.
    #[serde(serialize_with = "in_clear")]
    #[schema(value_type = String)]
    secret: Zeroizing<String>,
}

/// Makes a platform key.
#[utoipa::path(
    post,
    path = "/api/v1/workspaces/{ws}/api-keys",
    operation_id = "create_api_key",
    tag = "api-keys",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    request_body = ApiKeyInput,
    responses(
        (status = 201, body = NewApiKeyView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn create(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    body: JsonBody,
) -> Result<(StatusCode, Json<NewApiKeyView>), Problem> {
    let mut members = body.members()?;
    let input = ApiKeyInput::read(&mut members, control.now())?;
    members.finish()?;
    held(&access.who, &input.scopes)?;
    let input = input.within(&access.who)?;

    let draft = Draft {
        name: input.name.into_string(),
        scopes: input.scopes,
        expires_at: input.expires_at,
        requests_per_minute: input.requests_per_minute,
        tokens_per_minute: input.tokens_per_minute,
        purpose: KeyPurpose::Own,
    };
    let (key, secret) = create_key(&control, &access, draft).await?;
    Ok((StatusCode::CREATED, Json(NewApiKeyView { key: ApiKeyView::of(key, &access.who), secret })))
}

/// A platform key that may be made.
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) requests_per_minute: Option<u32>,
    pub(crate) tokens_per_minute: Option<u64>,
    pub(crate) purpose: KeyPurpose,
}

/// Makes it: what is stored, and its text.
pub(crate) async fn create_key(
    control: &Control,
    access: &InWorkspace,
    draft: Draft,
) -> Result<(ApiKey, Zeroizing<String>), Problem> {
    let Draft { name, scopes, expires_at, requests_per_minute, tokens_per_minute, purpose } = draft;
    let entropy = Zeroizing::new(random_bytes::<ENTROPY_LEN>()?);
    let (lookup, secret) = platform_key::generate(&entropy);
    let secret = Zeroizing::new(secret);
    let hash = control.parts.hasher.hash(secret.as_bytes());
    let new = NewApiKey {
        name,
        lookup,
        key: PlatformKey {
            id: ApiKeyId::from_uuid(control.fresh_id()?),
            workspace: access.id(),
            scopes,
            hash: hash.mac,
            pepper: hash.pepper.0,
            expires_at,
            requests_per_minute,
            tokens_per_minute,
        },
        limits: Limits { requests_per_minute, tokens_per_minute },
        purpose,
    };
    let made = control.store().create_api_key(&new, control.by(&access.who)).await?;
    Ok((made.ok_or_else(|| Problem::not_found("There is no such workspace."))?, secret))
}

impl ApiKeyInput {
    fn read(members: &mut Members<'_>, now: Timestamp) -> Result<Self, Problem> {
        let input = Self {
            name: members.required("name", Name::FORM)?,
            scopes: members.required("scopes", SCOPES_FORM)?,
            expires_at: members.optional("expires_at", EXPIRY_FORM)?,
            requests_per_minute: members.optional("requests_per_minute", LIMIT_FORM)?,
            tokens_per_minute: members.optional("tokens_per_minute", LIMIT_FORM)?,
        };
        let repeated = input.scopes.iter().enumerate().any(|(at, scope)| input.scopes[..at].contains(scope));
        let faults = [
            (input.scopes.is_empty() || repeated, "scopes", SCOPES_FORM),
            (input.expires_at.is_some_and(|at| at <= now), "expires_at", EXPIRY_FORM),
            (input.requests_per_minute == Some(0), "requests_per_minute", LIMIT_FORM),
            (input.tokens_per_minute == Some(0), "tokens_per_minute", LIMIT_FORM),
        ];
        match faults.into_iter().find(|(wrong, ..)| *wrong) {
            Some((_, name, form)) => {
                Err(Problem::bad_request(format!("`{name}` is not what it must be: {form}.")).with("member", name))
            }
            None => Ok(input),
        }
    }
}

impl ApiKeyInput {
    /// Nobody makes a key that lives longer or does more than his own. What is not said is the maker's.
    fn within(self, who: &Who) -> Result<Self, Problem> {
        let Who::Key(maker) = who else { return Ok(self) };
        Ok(Self {
            expires_at: within(self.expires_at, maker.expires_at, "expires_at")?,
            requests_per_minute: within(self.requests_per_minute, maker.requests_per_minute, "requests_per_minute")?,
            tokens_per_minute: within(self.tokens_per_minute, maker.tokens_per_minute, "tokens_per_minute")?,
            ..self
        })
    }
}

fn within<T: Ord>(wanted: Option<T>, own: Option<T>, name: &'static str) -> Result<Option<T>, Problem> {
    match (wanted, own) {
        (Some(wanted), Some(own)) if wanted > own => {
            let detail =
                format!("A key can't give more than it has: `{name}` is beyond its own. Leave it out to pass that on.");
            Err(Problem::forbidden(detail).with("member", name))
        }
        (wanted, own) => Ok(wanted.or(own)),
    }
}

/// The one place where a platform key leaves the house.
fn in_clear<S: Serializer>(secret: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret)
}

/// Nobody passes on more than he has.
fn held(who: &Who, wanted: &[Scope]) -> Result<(), Problem> {
    let lacking = match who {
        Who::Operator => return Ok(()),
        Who::Key(maker) => wanted.iter().find(|scope| !maker.may(**scope)),
        Who::Person(person) if person.user.is_operator => return Ok(()),
        Who::Person(person) => wanted.iter().find(|scope| !may_give(person, **scope)),
    };
    if wanted.contains(&Scope::InferenceAny) {
        // Such a key reaches every workspace, so no workspace can give it.
        return Err(
            Problem::forbidden("Only the operator makes keys with the scope `inference:any`.").with("member", "scopes")
        );
    }
    match (lacking, who) {
        (None, _) => Ok(()),
        (Some(scope), Who::Person(_)) => {
            let detail = format!("Members make keys with the scope `inference`; `{scope}` takes an admin.");
            Err(Problem::forbidden(detail).with("member", "scopes"))
        }
        (Some(scope), _) => {
            Err(Problem::forbidden(format!("A key can't give scopes it lacks itself: `{scope}`."))
                .with("member", "scopes"))
        }
    }
}

fn may_give(person: &Person, scope: Scope) -> bool {
    scope == Scope::Inference || person.is_at_least(Role::Admin)
}

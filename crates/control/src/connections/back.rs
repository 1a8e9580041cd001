//! Somebody comes back from a provider. His browser is sent here by the provider's page, so this answers with a page of
//! ours to go on to, whatever came of it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Redirect;
use ownkey_connections::{CameBack, NoConnection};
use ownkey_domain::id::{ConnectionId, WorkspaceId};
use ownkey_domain::person::Role;
use ownkey_store::{ConnectionStart, StoreError};
use zeroize::Zeroizing;

use crate::auth::Access;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};
use crate::query::Params;
use crate::who::Person;

/// No provider's code comes near this.
const CODE_BYTES_MAX: usize = 4_096;

/// What a provider sends a browser back with.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BackParams {
    /// What the browser left with.
    state: String,
    /// The provider's code, if somebody agreed.
    code: Option<String>,
    /// The provider's word, if nobody did.
    error: Option<String>,
    /// Who the provider says it is.
    iss: Option<String>,
}

/// Takes a browser back that comes from a provider, for the session that it left from. It goes on to the dashboard, with
/// `connected` or `failed` in the query.
#[utoipa::path(
    get,
    path = "/api/v1/connections/callback/{provider}",
    operation_id = "finish_connection",
    tag = "connections",
    params(("provider" = String, Path, description = "The provider that it comes from"), BackParams),
    responses(
        (status = 303, description = "On to the dashboard, whatever came of it"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json", description = "No browser comes like this"),
    ),
)]
pub(crate) async fn back(
    State(control): State<Arc<Control>>,
    Path(provider): Path<String>,
    access: Result<Access, Problem>,
    params: Result<Params, Problem>,
) -> Result<Redirect, Problem> {
    let access = match access {
        // His session ended while he was away. The page has him sign in, and then says so.
        Err(problem) if problem.code() == "unauthorized" => return Ok(on_to(&control, None, Err("unauthorized"))),
        access => access?,
    };
    let person = access.person()?;
    let Some(back) = params.ok().and_then(|params| Back::read(&control, provider, params)) else {
        return Ok(on_to(&control, None, Err(EXPIRED)));
    };
    let start = match control.store().back_from_provider(&back.hash, person.session.id, control.now()).await {
        Ok(Some(start)) => start,
        // Another session began it, or it was too long ago, or it was used.
        Ok(None) => return Ok(on_to(&control, None, Err(EXPIRED))),
        Err(error) => return Ok(on_to(&control, None, Err(broken(error)))),
    };
    let came = match still_may(&control, person, start.workspace).await {
        Ok(true) => back.finish(&control, person, &start).await,
        Ok(false) => Err("forbidden"),
        Err(fault) => Err(broken(fault)),
    };
    Ok(on_to(&control, Some(start.workspace), came))
}

/// What is said where only the operator can help.
const MISCONFIGURED: &str = "misconfigured";

/// Errors of an authorization request that is wrong (RFC 6749 4.1.2.1), whoever agrees.
const WRONGLY_ASKED: [&str; 4] =
    ["invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope"];

/// What is said of a way back that nobody is waiting for any more.
const EXPIRED: &str = "connection_expired";

/// The page that tells what came of it. Without a workspace it is that of the one that the person looks at.
fn on_to(control: &Control, workspace: Option<WorkspaceId>, came: Result<ConnectionId, &'static str>) -> Redirect {
    let workspace = workspace.map_or_else(|| "current".to_owned(), |workspace| workspace.to_string());
    let told = match came {
        Ok(id) => format!("connected={id}"),
        Err(word) => format!("failed={word}"),
    };
    Redirect::to(&control.parts.site.at(&format!("/w/{workspace}/settings/integrations/connections?{told}")))
}

/// The word for a fault of ours. Its cause is in the log.
fn broken(fault: impl Into<Problem>) -> &'static str {
    fault.into().code()
}

async fn still_may(control: &Control, person: &Person, workspace: WorkspaceId) -> Result<bool, StoreError> {
    let role = control.store().role(workspace, person.user.id).await?;
    Ok(role.is_some_and(|role| role >= Role::Admin))
}

/// What a provider sent a browser back with. What it adds of its own is not looked at.
struct Back {
    /// Whose address it came by.
    provider: String,
    hash: [u8; 32],
    verifier: Zeroizing<String>,
    code: Option<Zeroizing<String>>,
    error: Option<String>,
    issuer: Option<String>,
}

impl Back {
    fn read(control: &Control, provider: String, mut params: Params) -> Option<Self> {
        let state = params.text("state").ok()?.map(Zeroizing::new)?;
        let code = params.read("code", "a provider's code", |code| {
            (1..=CODE_BYTES_MAX).contains(&code.len()).then(|| Zeroizing::new(code.to_owned()))
        });
        let tokens = &control.parts.tokens;
        Some(Self {
            provider,
            hash: tokens.read(&state)?,
            verifier: tokens.verifier(&state)?,
            code: code.ok()?,
            error: params.text("error").ok()?,
            issuer: params.text("iss").ok()?,
        })
    }

    /// A word for why no code came. The provider's own is not repeated, but for those of the standard in the log.
    fn without_code(&self, provider: &str) -> &'static str {
        let error = self.error.as_deref().unwrap_or_default();
        if let Some(reason) = WRONGLY_ASKED.iter().find(|known| **known == error) {
            tracing::warn!(provider, reason, "a provider does not take how it is asked; look at its configuration");
            return MISCONFIGURED;
        }
        // Else most likely somebody said no.
        if matches!(error, "server_error" | "temporarily_unavailable") { "provider_unavailable" } else { "denied" }
    }

    /// The connection, or a word for why there is none.
    async fn finish(
        &self,
        control: &Control,
        person: &Person,
        start: &ConnectionStart,
    ) -> Result<ConnectionId, &'static str> {
        let connections = &control.parts.connections;
        let code = self.code.as_ref().ok_or_else(|| self.without_code(&start.provider))?;
        // Another provider's address: the code is not that of the one who was asked.
        if self.provider != start.provider {
            return Err("refused");
        }
        let routing = control.store().routing(start.workspace).await.map_err(broken)?;
        let routing = routing.ok_or("gone")?;
        let id = ConnectionId::from_uuid(control.fresh_id().map_err(broken)?);
        let by = control.by_user(person.user.id);
        let came = CameBack { code, verifier: &self.verifier, issuer: self.issuer.as_deref() };
        connections.finish(start, came, (&routing.dek, id), by).await.map_err(|error| match error {
            NoConnection::Refused => "refused",
            NoConnection::Misconfigured => MISCONFIGURED,
            NoConnection::Away | NoConnection::UnknownProvider => "provider_unavailable",
            NoConnection::Gone => "gone",
            NoConnection::TooMany => "too_many",
            NoConnection::Store(error) => broken(error),
            NoConnection::Vault(error) => broken(error),
        })
    }
}

//! Somebody comes back from a provider. His browser is sent here by the provider's page, so this answers with a page of
//! ours to go on to, whatever came of it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Redirect;
use http::StatusCode;
use ownkey_connections::{CameBack, NoConnection};
use ownkey_domain::id::{ConnectionId, WorkspaceId};
use ownkey_domain::person::Role;
use ownkey_store::ConnectionStart;
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
        (status = 303, description = "On to the dashboard"),
        (status = 410, body = ProblemDocument, content_type = "application/problem+json", description = "`connection_expired`: another session began this, or it was too long ago, or it was used"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn back(
    State(control): State<Arc<Control>>,
    Path(provider): Path<String>,
    access: Access,
    mut params: Params,
) -> Result<Redirect, Problem> {
    let person = access.person()?;
    let state = params.text("state")?.map(Zeroizing::new);
    let state =
        state.ok_or_else(|| Problem::bad_request("`state` is missing: begin to connect from the dashboard."))?;
    let code = params.read("code", "a provider's code", |code| {
        (1..=CODE_BYTES_MAX).contains(&code.len()).then(|| Zeroizing::new(code.to_owned()))
    })?;
    let issuer = params.text("iss")?;
    // What providers add of their own is not looked at.
    let (hash, verifier) = (control.parts.tokens.read(&state), control.parts.tokens.verifier(&state));
    let (Some(hash), Some(verifier)) = (hash, verifier) else { return Err(expired()) };
    let start = control.store().back_from_provider(&hash, person.session.id, control.now()).await?;
    let start = start.ok_or_else(expired)?;
    still_may(&control, person, start.workspace).await?;
    let came = match code {
        // Another provider's address: the code is not that of the one who was asked.
        Some(_) if provider != start.provider => Err("refused"),
        Some(code) => {
            let back = CameBack { code: &code, verifier: &verifier, issuer: issuer.as_deref() };
            finish(&control, person, &start, back).await?
        }
        // Most likely because somebody said no. The provider's own word is not repeated.
        None => Err("denied"),
    };
    let page = format!("/w/{}/settings/integrations/connections", start.workspace);
    let page = match came {
        Ok(id) => format!("{page}?connected={id}"),
        Err(word) => format!("{page}?failed={word}"),
    };
    Ok(Redirect::to(&control.parts.site.at(&page)))
}

async fn still_may(control: &Control, person: &Person, workspace: WorkspaceId) -> Result<(), Problem> {
    let role = control.store().role(workspace, person.user.id).await?;
    if role.is_some_and(|role| role >= Role::Admin) {
        return Ok(());
    }
    Err(Problem::forbidden("This takes the role `admin` in the workspace."))
}

/// The connection, or a word for why there is none.
async fn finish(
    control: &Control,
    person: &Person,
    start: &ConnectionStart,
    back: CameBack<'_>,
) -> Result<Result<ConnectionId, &'static str>, Problem> {
    let Some(routing) = control.store().routing(start.workspace).await? else { return Ok(Err("gone")) };
    let id = ConnectionId::from_uuid(control.fresh_id()?);
    let by = control.by_user(person.user.id);
    match control.parts.connections.finish(start, back, (&routing.dek, id), by).await {
        Ok(id) => Ok(Ok(id)),
        Err(NoConnection::Refused) => Ok(Err("refused")),
        Err(NoConnection::Away | NoConnection::UnknownProvider) => Ok(Err("provider_unavailable")),
        Err(NoConnection::Gone) => Ok(Err("gone")),
        Err(NoConnection::TooMany) => Ok(Err("too_many")),
        Err(error @ (NoConnection::Store(_) | NoConnection::Vault(_))) => Err(error.into()),
    }
}

fn expired() -> Problem {
    let detail = "This way back is known to another session, was used, or is too old. Begin to connect once more.";
    Problem::new(StatusCode::GONE, "connection_expired", "Begin once more", detail)
}

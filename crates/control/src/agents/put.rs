use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use ownkey_domain::agent::{AGENTS_MAX, AgentName, BadAgentName};
use ownkey_providers::stray::holds_key;
use ownkey_store::SetAgent;

use super::{AgentView, gone};
use crate::auth::InWorkspace;
use crate::body::JsonBody;
use crate::control::Control;
use crate::form::ModelName;
use crate::models::Viewer;
use crate::problem::{Problem, ProblemDocument};

/// The model of an agent.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct AgentInput {
    /// The id or alias of a model of the catalogue, with or without `provider/` before it.
    model: String,
}

/// Chooses an agent's model, from its next call on.
#[utoipa::path(
    put,
    path = "/api/v1/workspaces/{ws}/agents/{name}",
    operation_id = "put_agent",
    tag = "agents",
    params(
        ("ws" = String, Path, description = "The workspace's id, or `current`"),
        ("name" = String, Path, description = "The agent's name: lower-case letters, digits, `-` and `_`"),
    ),
    request_body = AgentInput,
    responses(
        (status = 200, body = AgentView, description = "Changed"),
        (status = 201, body = AgentView, description = "Added"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "The workspace can't have that model"),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn put(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
    body: JsonBody,
) -> Result<(StatusCode, Json<AgentView>), Problem> {
    let name: AgentName =
        access.segment("name").parse().map_err(|bad: BadAgentName| Problem::bad_request(format!("No: {bad}.")))?;
    if holds_key(name.as_str()) {
        return Err(Problem::stray_key("The agent's name"));
    }
    let mut members = body.members()?;
    let model = members.required::<ModelName>("model", ModelName::FORM)?.into_string();
    members.finish()?;
    let viewer = Viewer::of_workspace(&control, access.workspace.clone()).await?;
    if let Some((code, message)) = viewer.objection(&control, &model) {
        let detail = format!("An agent can't have this model: {message}.");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, "Not a model for an agent", detail));
    }
    let set = control.store().set_agent(access.id(), &name, &model, control.by(&access.who)).await?;
    let status = match set.ok_or_else(gone)? {
        SetAgent::Added => StatusCode::CREATED,
        SetAgent::Changed => StatusCode::OK,
        SetAgent::TooMany => {
            let detail = format!("A workspace may have {AGENTS_MAX} agents. Remove one first.");
            return Err(Problem::conflict(detail));
        }
    };
    Ok((status, Json(AgentView { name, model: Some(model), is_default: false })))
}

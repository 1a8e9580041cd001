//! Agents: the product's names for what calls models, each with the model that the workspace chose.

use ownkey_domain::agent::{AgentName, Agents};
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::models::Viewer;
use crate::problem::Problem;

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod put;
pub(crate) mod remove;

/// An agent as the API shows it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Agent)]
pub(crate) struct AgentView {
    /// Its name; calls ask for `agent/NAME` in the place of a model.
    #[schema(value_type = String)]
    name: AgentName,
    /// The model that its calls get. Null if none is chosen and no model is usable now.
    model: Option<String>,
    /// Whether that is the default, because none is chosen.
    is_default: bool,
}

/// Every agent of the workspace, the lead first.
async fn all(control: &Control, access: &InWorkspace) -> Result<Vec<AgentView>, Problem> {
    let chosen = control.store().agents(access.id()).await?.ok_or_else(gone)?;
    let lead = lead(control, access, &chosen).await?;
    let others = chosen.into_iter().filter(|(name, _)| !name.is_lead());
    let others = others.map(|(name, model)| AgentView { name, model: Some(model), is_default: false });
    Ok(std::iter::once(lead).chain(others).collect())
}

/// The lead, with its default until a model is chosen for it.
async fn lead(control: &Control, access: &InWorkspace, chosen: &Agents) -> Result<AgentView, Problem> {
    let name = AgentName::lead();
    if let Some(model) = chosen.get(&name) {
        return Ok(AgentView { model: Some(model.clone()), name, is_default: false });
    }
    let viewer = Viewer::of_workspace(control, access.workspace.clone()).await?;
    Ok(AgentView { name, model: viewer.lead_model(control).map(str::to_owned), is_default: true })
}

fn name_of(access: &InWorkspace) -> Result<AgentName, Problem> {
    access.segment("name").parse().map_err(|_| gone())
}

fn gone() -> Problem {
    Problem::not_found("There is no such agent in this workspace.")
}

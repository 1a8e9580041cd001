//! `agent/NAME` in the place of a model: the model that the workspace has chosen for that agent, as it is now.

use ownkey_domain::agent::{self, AgentName};
use ownkey_domain::catalogue::Listed;
use ownkey_domain::provider::Protocol;

use crate::decide::{Asked, Grounds, offer, resolve};
use crate::directory::Workspace;
use crate::error::{Code, Error};

/// The model that a call asks for, and the agent that it names for that.
pub struct Wanted<'a> {
    /// The name of the model.
    pub model: &'a str,
    /// The agent, if the call names one in the model's place.
    pub agent: Option<AgentName>,
}

/// Reads the model of a call.
pub fn wanted<'a>(grounds: &Grounds<'a>, workspace: &'a Workspace, named: &'a str) -> Result<Wanted<'a>, Error> {
    let Some(called) = agent::called(named) else { return Ok(Wanted { model: named, agent: None }) };
    let name = called.map_err(|bad| Error::new(Code::ModelNotFound, format!("There is no such agent: {bad}.")))?;
    // Not repeated: people paste keys into wrong places.
    let without = "This workspace has no agent of that name with a model. Choose a model for it first.";
    let model = model_of(grounds, workspace, &name).ok_or_else(|| Error::new(Code::ModelNotFound, without))?;
    Ok(Wanted { model, agent: Some(name) })
}

/// Every agent that has a model: those of the workspace, and the lead.
pub fn all<'a>(grounds: &Grounds<'a>, workspace: &'a Workspace) -> Vec<(AgentName, &'a str)> {
    let lead = AgentName::lead();
    let others = workspace.agents.keys().filter(|name| !name.is_lead()).cloned();
    let named = std::iter::once(lead).chain(others);
    named.filter_map(|name| model_of(grounds, workspace, &name).map(|model| (name, model))).collect()
}

fn model_of<'a>(grounds: &Grounds<'a>, workspace: &'a Workspace, name: &AgentName) -> Option<&'a str> {
    if let Some(chosen) = workspace.agents.get(name) {
        return Some(chosen);
    }
    let usable = |listed: &Listed<'_>| {
        let protocol = listed.model.provider.protocol();
        usable(grounds, workspace, (protocol, listed.id)).is_some()
    };
    if name.is_lead() { grounds.catalogue.lead_model(usable) } else { None }
}

/// What a name of a model means, if a call of it may be made: by the rule of lists and calls alike.
pub fn usable<'a>(
    grounds: &Grounds<'a>,
    workspace: &Workspace,
    (protocol, name): (Protocol, &'a str),
) -> Option<Asked<'a>> {
    let asked = resolve(grounds.catalogue, protocol, Some(name)).ok()?;
    let offer = offer(grounds, &asked, grounds.upstream(asked.provider)?, workspace);
    let standing = grounds.standing(workspace);
    standing.usable(grounds.catalogue, asked.named.as_ref()?, &offer).ok().map(|_| asked)
}

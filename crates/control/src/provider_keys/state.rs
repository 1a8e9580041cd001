//! The state of a provider key, derived at the moment it is asked for.

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::payer::KeyState;
use ownkey_domain::plan::Plan;
use ownkey_domain::provider::Provider;
use ownkey_domain::verdict::Verdict;
use ownkey_store::{Credential, Ended, StoredCredential, WrappedDek};
use serde::Serialize;

use crate::control::Control;
use crate::failing::{Failing, failing};
use crate::outlook::NextCall;
use crate::problem::Problem;
use crate::sealing::open;

/// The state in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// No key is stored.
    None,
    /// Calls go out on it.
    Active,
    /// The provider has refused it; calls still go out on it.
    Invalid,
    /// The plan has no own keys.
    Dormant,
    /// It can't be opened.
    Sealed,
    /// Stored without a test that said anything of it.
    NeedsTest,
}

/// What a workspace has at a provider.
pub(crate) struct Held {
    pub(crate) provider: Provider,
    pub(crate) credential: Option<Credential>,
    /// How the last one ended, where there is none.
    pub(crate) ended: Option<Ended>,
    /// Whether the vault can open it, for a place that is still configured.
    pub(crate) opens: bool,
    /// How calls on it fail, if they are known to.
    pub(crate) failing: Option<Failing>,
}

/// What a workspace has at each provider that is offered.
pub(crate) async fn held(control: &Control, workspace: WorkspaceId) -> Result<Vec<Held>, Problem> {
    let credentials = control.store().credentials(workspace).await?;
    let routing = control.store().routing(workspace).await?;
    let opens = |credential: &Credential| {
        let Some(routing) = &routing else { return false };
        match routing.credentials.iter().find(|stored| stored.id == credential.id) {
            Some(stored) => can_be_used(control, workspace, &routing.dek, stored),
            // Rotated between the two reads: the next one will tell.
            None => true,
        }
    };
    let offered = Provider::ALL.into_iter().filter(|provider| control.endpoint(*provider).is_some());
    let mut held = Vec::new();
    for provider in offered {
        let credential = Credential::at(&credentials, provider).cloned();
        let ended = match &credential {
            Some(_) => None,
            None => control.store().last_end(workspace, provider).await?,
        };
        let failing = match &credential {
            Some(credential) => failing(control, (workspace, provider), credential).await?,
            None => None,
        };
        held.push(Held { provider, opens: credential.as_ref().is_some_and(&opens), ended, credential, failing });
    }
    Ok(held)
}

/// Whether it opens, and the place it is bound to is still configured.
fn can_be_used(control: &Control, workspace: WorkspaceId, dek: &WrappedDek, stored: &StoredCredential) -> bool {
    let opened = open(&control.parts.keyring, workspace, dek, stored);
    let endpoint = stored.provider.and_then(|provider| control.endpoint(provider));
    opened.is_ok_and(|(_, origin)| endpoint.is_some_and(|endpoint| endpoint.base(Some(&origin)).is_some()))
}

impl Held {
    /// As the decision who pays sees it.
    pub(crate) fn key_state(&self, plan: &Plan) -> KeyState {
        KeyState::of(plan, self.credential.as_ref().map(|credential| credential.id), self.opens)
    }

    /// The next call there, of a model that has no rules of its own.
    pub(crate) fn next_call<'a>(&self, control: &Control, plan: &Plan) -> NextCall<'a> {
        NextCall::at(control, self.provider, self.key_state(plan), self.failing)
    }

    /// As people see it.
    pub(crate) fn state(&self, plan: &Plan) -> State {
        let Some(credential) = &self.credential else { return State::None };
        let verdict = credential.verdict.as_ref().map(|explained| explained.verdict);
        match self.key_state(plan) {
            KeyState::None => State::None,
            KeyState::Dormant(_) => State::Dormant,
            KeyState::Sealed(_) => State::Sealed,
            KeyState::Usable(_) if credential.health.invalid_since.is_some() => State::Invalid,
            KeyState::Usable(_) => match verdict {
                None | Some(Verdict::Unreachable | Verdict::ProviderIncident) => State::NeedsTest,
                Some(_) => State::Active,
            },
        }
    }
}

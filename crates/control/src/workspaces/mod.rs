//! Workspaces: the operator's view of his product's customers.

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::time::Timestamp;
use ownkey_store::{NewWorkspace, Workspace};
use ownkey_vault::DekOwner;
use serde::Serialize;

use crate::body::Members;
use crate::control::Control;
use crate::form::{ExternalId, Name, Word};
use crate::problem::Problem;

pub(crate) mod by_external_id;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod plan_preview;
pub(crate) mod update;

const FEATURES_MAX: usize = 100;
const FEATURES_FORM: &str = "a list of up to 100 features, each a word of up to 64 characters";
const TIME_FORM: &str = "an RFC 3339 time";

/// A workspace as the API shows it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Workspace)]
pub(crate) struct WorkspaceView {
    /// Its id.
    #[schema(value_type = String)]
    pub(crate) id: WorkspaceId,
    /// The name people read.
    name: String,
    /// The product's own id of it.
    external_id: Option<String>,
    /// The id of its plan.
    plan: String,
    /// Features it has beyond its plan's.
    features: Vec<String>,
    /// Where its billing periods start.
    #[schema(value_type = Option<String>)]
    period_anchor: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String)]
    created_at: Timestamp,
}

/// A workspace to make.
#[derive(Clone, utoipa::ToSchema)]
pub(crate) struct WorkspaceInput {
    /// The name people read.
    #[schema(value_type = String)]
    name: Name,
    /// The id of its plan; `default` if absent and there is one.
    #[schema(value_type = Option<String>)]
    plan: Option<Word>,
    /// The product's own id of it.
    #[schema(value_type = Option<String>)]
    external_id: Option<ExternalId>,
    /// Features it has beyond its plan's.
    #[schema(value_type = Option<Vec<String>>)]
    features: Option<Vec<Word>>,
    /// Where its billing periods start.
    #[schema(value_type = Option<String>)]
    period_anchor: Option<Timestamp>,
}

impl From<Workspace> for WorkspaceView {
    fn from(workspace: Workspace) -> Self {
        let Workspace { id, name, external_id, plan, features, period_anchor, created_at, .. } = workspace;
        Self { id, name, external_id, plan, features, period_anchor, created_at }
    }
}

impl WorkspaceInput {
    fn read(members: &mut Members<'_>) -> Result<Self, Problem> {
        Ok(Self {
            name: members.required("name", Name::FORM)?,
            plan: members.optional("plan", Word::FORM)?,
            external_id: members.optional("external_id", ExternalId::FORM)?,
            features: features(members)?,
            period_anchor: members.optional("period_anchor", TIME_FORM)?,
        })
    }

    /// The workspace to store, with a data key of its own.
    fn into_new(self, control: &Control) -> Result<NewWorkspace, Problem> {
        let id = WorkspaceId::from_uuid(control.fresh_id()?);
        let plan = match self.plan {
            Some(plan) => known_plan(control, plan)?,
            None => default_plan(control)?,
        };
        let dek = control.parts.keyring.new_dek(DekOwner::Workspace(id), 1)?;
        Ok(NewWorkspace {
            id,
            name: self.name.into_string(),
            external_id: self.external_id.map(ExternalId::into_string),
            plan,
            features: words(self.features.unwrap_or_default()),
            period_anchor: self.period_anchor,
            dek: crate::sealing::to_store(&dek),
        })
    }
}

/// A workspace of that name to store, on the default plan.
pub(crate) fn named(control: &Control, name: Name) -> Result<NewWorkspace, Problem> {
    let input = WorkspaceInput { name, plan: None, external_id: None, features: None, period_anchor: None };
    input.into_new(control)
}

fn features(members: &mut Members<'_>) -> Result<Option<Vec<Word>>, Problem> {
    let features: Option<Vec<Word>> = members.optional("features", FEATURES_FORM)?;
    if features.as_ref().is_some_and(|list| list.len() > FEATURES_MAX) {
        let detail = format!("`features` is not what it must be: {FEATURES_FORM}.");
        return Err(Problem::bad_request(detail).with("member", "features"));
    }
    Ok(features)
}

fn words(features: Vec<Word>) -> Vec<String> {
    features.into_iter().map(Word::into_string).collect()
}

fn known_plan(control: &Control, plan: Word) -> Result<String, Problem> {
    let plan = plan.into_string();
    if control.parts.plans.contains_key(&plan) {
        return Ok(plan);
    }
    Err(Problem::bad_request("There is no plan of that id; GET /api/v1/plans lists them.").with("member", "plan"))
}

fn default_plan(control: &Control) -> Result<String, Problem> {
    let missing = || Problem::bad_request("`plan` is missing: there is no plan `default`.").with("member", "plan");
    control.default_plan().map(str::to_owned).ok_or_else(missing)
}

fn gone() -> Problem {
    Problem::not_found("There is no such workspace.")
}

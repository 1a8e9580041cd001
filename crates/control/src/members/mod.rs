//! Members: people, and what they are to a workspace.

use ownkey_domain::id::UserId;
use ownkey_domain::person::{Mail, Role};
use ownkey_domain::time::Timestamp;
use ownkey_store::{Member, MemberChange};
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::problem::Problem;
use crate::who::Who;

pub(crate) mod get;
pub(crate) mod invite;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod update;

const ROLE_FORM: &str = "`viewer`, `member`, `admin` or `owner`";

/// A member as the API shows him. What owners alone see of others is null to everybody else.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberView {
    /// His id.
    #[schema(value_type = String)]
    id: UserId,
    /// What others call him.
    name: String,
    /// What he is here: `viewer`, `member`, `admin` or `owner`.
    #[schema(value_type = String)]
    role: Role,
    /// Since when.
    #[schema(value_type = String)]
    since: Timestamp,
    /// Whether he is the one who asks.
    you: bool,
    /// What he signs in with.
    #[schema(value_type = Option<String>)]
    mail: Option<Mail>,
    /// When he was last there, to a few minutes.
    #[schema(value_type = Option<String>)]
    last_seen_at: Option<Timestamp>,
}

impl MemberView {
    fn of(member: Member, who: &Who) -> Self {
        let Member { user, role, since, seen_at } = member;
        let you = who.person().is_some_and(|person| person.user.id == user.id);
        let sees = you || is_owner(who);
        Self {
            id: user.id,
            name: user.name,
            role,
            since,
            you,
            mail: Some(user.mail).filter(|_| sees),
            last_seen_at: seen_at.filter(|_| sees),
        }
    }
}

/// Whether it is an owner of the workspace, or the operator.
fn is_owner(who: &Who) -> bool {
    match who {
        Who::Operator => true,
        Who::Key(_) => false,
        Who::Person(person) => person.is_at_least(Role::Owner),
    }
}

fn id_of(access: &InWorkspace) -> Result<UserId, Problem> {
    access.segment("id").parse().map_err(|_| gone())
}

fn gone() -> Problem {
    Problem::not_found("There is no such member of this workspace.")
}

/// What came of a change, to the caller.
fn done(change: MemberChange) -> Result<(), Problem> {
    match change {
        MemberChange::Done => Ok(()),
        MemberChange::NoMember => Err(gone()),
        MemberChange::LastOwner => Err(Problem::conflict("A workspace keeps an owner: make somebody else one first.")),
    }
}

//! Platform keys: what products and developers call Ownkey with.

use http::Method;
use ownkey_domain::id::ApiKeyId;
use ownkey_domain::person::Role;
use ownkey_domain::scope::Scope;
use ownkey_domain::time::Timestamp;
use ownkey_store::ApiKey;
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::problem::Problem;
use crate::rights::right;
use crate::who::{Person, Who};

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod revoke;

/// Where one is.
const ONE: &str = "/api/v1/workspaces/{ws}/api-keys/{id}";

/// A platform key as the API shows it: never its text.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyView {
    /// Its id.
    #[schema(value_type = String)]
    id: ApiKeyId,
    /// The name people gave it.
    name: String,
    /// How its text starts.
    hint: String,
    /// What it may do.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Scope>,
    /// Calls a minute; null is no limit of its own.
    requests_per_minute: Option<u32>,
    /// Tokens a minute; null is no limit of its own.
    tokens_per_minute: Option<u64>,
    /// When it stops working.
    #[schema(value_type = Option<String>)]
    expires_at: Option<Timestamp>,
    /// `operator`, or the id of the platform key or the person that made it.
    created_by: String,
    /// When it was made.
    #[schema(value_type = String)]
    created_at: Timestamp,
    /// When it was last used, to the minute.
    #[schema(value_type = Option<String>)]
    last_used_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>)]
    revoked_at: Option<Timestamp>,
    /// Whether this caller may revoke it.
    may_revoke: bool,
}

impl ApiKeyView {
    fn of(key: ApiKey, who: &Who) -> Self {
        Self {
            may_revoke: may_revoke(&key, who),
            id: key.id,
            name: key.name,
            hint: format!("{}{}…", ownkey_domain::platform_key::PREFIX, key.lookup.as_str()),
            scopes: key.scopes,
            requests_per_minute: key.limits.requests_per_minute,
            tokens_per_minute: key.limits.tokens_per_minute,
            expires_at: key.expires_at,
            created_by: key.created_by,
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// Whether that caller may revoke the key: members may if they made it.
fn may_revoke(key: &ApiKey, who: &Who) -> bool {
    let is_allowed = right(&Method::DELETE, ONE).is_some_and(|right| who.may(right));
    let is_his = |person: &Person| person.is_at_least(Role::Admin) || key.created_by == person.user.id.to_string();
    is_allowed && who.person().is_none_or(is_his)
}

fn id_of(access: &InWorkspace) -> Result<ApiKeyId, Problem> {
    access.segment("id").parse().map_err(|_| gone())
}

fn gone() -> Problem {
    Problem::not_found("There is no such platform key in this workspace.")
}

//! Who may do what: one row per route. The router is checked against this table, and a test walks every row with
//! every kind of caller.

use ownkey_domain::person::Role;
use ownkey_domain::scope::Scope;

use crate::connections::BACK;

use Verb::{Delete, Get, Patch, Post, Put};

/// A method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads. Covers `HEAD`.
    Get,
    /// Makes something new.
    Post,
    /// Sets something.
    Put,
    /// Changes a part.
    Patch,
    /// Removes.
    Delete,
}

/// Which platform keys may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scopes {
    /// None.
    None,
    /// Every key that works.
    Any,
    /// Those with one of these scopes.
    OneOf(&'static [Scope]),
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Right {
    /// The method.
    pub verb: Verb,
    /// The path as the router writes it.
    pub path: &'static str,
    /// Everybody may, also without credential.
    pub public: bool,
    /// The operator may, by his token or as a person who runs this installation.
    pub operator: bool,
    /// The least role in the workspace that may; `None`: no role. Where the path names no workspace, everybody who is
    /// signed in may.
    pub role: Option<Role>,
    /// The platform keys that may.
    pub scopes: Scopes,
}

// With `mcp` a key reads what the tools of the MCP server show, there and here alike; it changes nothing.
const MCP: Scopes = Scopes::OneOf(&[Scope::Mcp]);
const READ_KEYS: Scopes = Scopes::OneOf(&[Scope::ProvidersRead, Scope::ProvidersWrite, Scope::Mcp]);
const WRITE_KEYS: Scopes = Scopes::OneOf(&[Scope::ProvidersWrite]);
const READ_POLICY: Scopes = Scopes::OneOf(&[Scope::ProvidersRead, Scope::PolicyWrite]);
const WRITE_POLICY: Scopes = Scopes::OneOf(&[Scope::PolicyWrite]);
const PLATFORM_KEYS: Scopes = Scopes::OneOf(&[Scope::KeysWrite]);
const USAGE: Scopes = Scopes::OneOf(&[Scope::UsageRead]);
const READ_USAGE: Scopes = Scopes::OneOf(&[Scope::UsageRead, Scope::Mcp]);
/// With `inference` alone a key sees its own calls; the handlers narrow it down.
const RECEIPTS: Scopes = Scopes::OneOf(&[Scope::UsageRead, Scope::Inference, Scope::Mcp]);
const AGENTS: Scopes = Scopes::OneOf(&[Scope::AgentsWrite]);
const READ_SERVICES: Scopes = Scopes::OneOf(&[Scope::Services, Scope::BillingRead]);
const SERVICES: Scopes = Scopes::OneOf(&[Scope::Services]);
const BILLING: Scopes = Scopes::OneOf(&[Scope::BillingRead]);
const READ_CREDITS: Scopes = Scopes::OneOf(&[Scope::BillingRead, Scope::Mcp]);
const READ_BUDGETS: Scopes = Scopes::OneOf(&[Scope::BillingRead, Scope::BudgetsWrite, Scope::Mcp]);
const WRITE_BUDGETS: Scopes = Scopes::OneOf(&[Scope::BudgetsWrite]);
const CONNECTIONS: Scopes = Scopes::OneOf(&[Scope::ConnectionsWrite]);
const AUDIT: Scopes = Scopes::OneOf(&[Scope::AuditRead]);

/// The table.
pub static TABLE: &[Right] = &[
    public(Get, "/healthz"),
    public(Get, "/readyz"),
    operator(Get, "/metrics", None),
    public(Get, "/api/openapi.json"),
    shared(Get, "/api/v1/plans", Role::Viewer, Scopes::Any),
    shared(Get, "/api/v1/models", Role::Viewer, Scopes::Any),
    shared(Get, "/api/v1/providers", Role::Viewer, Scopes::Any),
    shared(Get, "/api/v1/error-codes", Role::Viewer, Scopes::Any),
    shared(Get, "/api/v1/error-codes/{code}", Role::Viewer, Scopes::Any),
    keys_only(Post, "/mcp", MCP),
    shared(Get, "/api/v1/connection-providers", Role::Viewer, Scopes::Any),
    public(Post, "/api/v1/session"),
    person(Get, "/api/v1/session", Role::Viewer),
    person(Delete, "/api/v1/session", Role::Viewer),
    person(Get, "/api/v1/sessions", Role::Viewer),
    person(Delete, "/api/v1/sessions", Role::Viewer),
    person(Delete, "/api/v1/sessions/{id}", Role::Viewer),
    person(Put, "/api/v1/password", Role::Viewer),
    public(Post, "/api/v1/setup"),
    public(Post, "/api/v1/links/look"),
    public(Post, "/api/v1/invites/accept"),
    public(Post, "/api/v1/resets/accept"),
    operator(Post, "/api/v1/operator/reset-link", None),
    operator(Post, "/api/v1/operator/backup", None),
    operator(Post, "/api/v1/operator/ledger/check", None),
    operator(Post, "/api/v1/operator/vault/rebind", None),
    operator(Post, "/api/v1/operator/vault/rotate", None),
    operator(Get, "/api/v1/operator/configuration", None),
    operator(Get, "/api/v1/operator/health", None),
    operator(Get, "/api/v1/operator/grants", None),
    operator(Get, "/api/v1/operator/workspaces", None),
    operator(Get, "/api/v1/workspaces", None),
    operator(Post, "/api/v1/workspaces", None),
    operator(Put, "/api/v1/workspaces/by-external-id/{id}", None),
    operator(Get, "/api/v1/workspaces/{ws}", Some(Role::Viewer)),
    operator(Patch, "/api/v1/workspaces/{ws}", None),
    operator(Delete, "/api/v1/workspaces/{ws}", Some(Role::Owner)),
    operator(Get, "/api/v1/workspaces/{ws}/plan-preview", None),
    shared(Get, "/api/v1/workspaces/{ws}/provider-keys", Role::Viewer, READ_KEYS),
    shared(Put, "/api/v1/workspaces/{ws}/provider-keys/{provider}", Role::Admin, WRITE_KEYS),
    shared(Delete, "/api/v1/workspaces/{ws}/provider-keys/{provider}", Role::Admin, WRITE_KEYS),
    shared(Post, "/api/v1/workspaces/{ws}/provider-keys/{provider}/test", Role::Admin, WRITE_KEYS),
    shared(Get, "/api/v1/workspaces/{ws}/policy", Role::Viewer, READ_POLICY),
    shared(Put, "/api/v1/workspaces/{ws}/policy", Role::Admin, WRITE_POLICY),
    shared(Get, "/api/v1/workspaces/{ws}/api-keys", Role::Viewer, PLATFORM_KEYS),
    shared(Post, "/api/v1/workspaces/{ws}/api-keys", Role::Member, PLATFORM_KEYS),
    shared(Get, "/api/v1/workspaces/{ws}/api-keys/{id}", Role::Viewer, PLATFORM_KEYS),
    shared(Delete, "/api/v1/workspaces/{ws}/api-keys/{id}", Role::Member, PLATFORM_KEYS),
    person(Post, "/api/v1/workspaces/{ws}/playground-token", Role::Member),
    operator(Get, "/api/v1/workspaces/{ws}/members", Some(Role::Viewer)),
    operator(Post, "/api/v1/workspaces/{ws}/members", Some(Role::Owner)),
    operator(Get, "/api/v1/workspaces/{ws}/members/{id}", Some(Role::Viewer)),
    operator(Patch, "/api/v1/workspaces/{ws}/members/{id}", Some(Role::Owner)),
    // Everybody may leave; the handler lets nobody but owners remove others.
    operator(Delete, "/api/v1/workspaces/{ws}/members/{id}", Some(Role::Viewer)),
    operator(Get, "/api/v1/workspaces/{ws}/invitations", Some(Role::Owner)),
    operator(Delete, "/api/v1/workspaces/{ws}/invitations/{id}", Some(Role::Owner)),
    shared(Get, "/api/v1/workspaces/{ws}/requests", Role::Viewer, RECEIPTS),
    shared(Get, "/api/v1/workspaces/{ws}/requests/{req}", Role::Viewer, RECEIPTS),
    shared(Get, "/api/v1/workspaces/{ws}/usage", Role::Viewer, READ_USAGE),
    shared(Get, "/api/v1/workspaces/{ws}/usage/export", Role::Admin, USAGE),
    shared(Get, "/api/v1/workspaces/{ws}/overview", Role::Viewer, USAGE),
    shared(Get, "/api/v1/workspaces/{ws}/audit", Role::Admin, AUDIT),
    shared(Get, "/api/v1/workspaces/{ws}/audit/verify", Role::Admin, AUDIT),
    shared(Get, "/api/v1/workspaces/{ws}/agents", Role::Viewer, Scopes::Any),
    shared(Get, "/api/v1/workspaces/{ws}/agents/{name}", Role::Viewer, Scopes::Any),
    shared(Put, "/api/v1/workspaces/{ws}/agents/{name}", Role::Admin, AGENTS),
    shared(Delete, "/api/v1/workspaces/{ws}/agents/{name}", Role::Admin, AGENTS),
    shared(Get, "/api/v1/workspaces/{ws}/credits", Role::Viewer, READ_CREDITS),
    operator(Post, "/api/v1/workspaces/{ws}/credits/grants", None),
    operator(Post, "/api/v1/workspaces/{ws}/credits/refunds", None),
    shared(Get, "/api/v1/workspaces/{ws}/ledger", Role::Viewer, BILLING),
    shared(Get, "/api/v1/workspaces/{ws}/costs", Role::Viewer, READ_CREDITS),
    shared(Get, "/api/v1/workspaces/{ws}/statements/{month}", Role::Viewer, BILLING),
    shared(Get, "/api/v1/workspaces/{ws}/budgets", Role::Viewer, READ_BUDGETS),
    shared(Post, "/api/v1/workspaces/{ws}/budgets", Role::Admin, WRITE_BUDGETS),
    shared(Get, "/api/v1/workspaces/{ws}/budgets/{id}", Role::Viewer, READ_BUDGETS),
    shared(Put, "/api/v1/workspaces/{ws}/budgets/{id}", Role::Admin, WRITE_BUDGETS),
    shared(Delete, "/api/v1/workspaces/{ws}/budgets/{id}", Role::Admin, WRITE_BUDGETS),
    shared(Get, "/api/v1/workspaces/{ws}/services", Role::Viewer, READ_SERVICES),
    with_scope(Post, "/api/v1/workspaces/{ws}/service-usage", SERVICES),
    shared(Get, "/api/v1/workspaces/{ws}/connections", Role::Viewer, CONNECTIONS),
    // Whoever connects an account agrees at its provider, in a browser.
    person(Post, "/api/v1/workspaces/{ws}/connections", Role::Admin),
    person(Get, BACK, Role::Viewer),
    shared(Get, "/api/v1/workspaces/{ws}/connections/{id}", Role::Viewer, CONNECTIONS),
    person(Post, "/api/v1/workspaces/{ws}/connections/{id}", Role::Admin),
    shared(Delete, "/api/v1/workspaces/{ws}/connections/{id}", Role::Admin, CONNECTIONS),
    keys_only(Post, "/api/v1/workspaces/{ws}/connections/{id}/token", CONNECTIONS),
    // No scope covers them: a platform key must not say where news goes.
    operator(Get, "/api/v1/workspaces/{ws}/webhooks", Some(Role::Viewer)),
    operator(Post, "/api/v1/workspaces/{ws}/webhooks", Some(Role::Admin)),
    operator(Get, "/api/v1/workspaces/{ws}/webhooks/{id}", Some(Role::Viewer)),
    operator(Patch, "/api/v1/workspaces/{ws}/webhooks/{id}", Some(Role::Admin)),
    operator(Delete, "/api/v1/workspaces/{ws}/webhooks/{id}", Some(Role::Admin)),
    operator(Post, "/api/v1/workspaces/{ws}/webhooks/{id}/secret", Some(Role::Admin)),
    operator(Post, "/api/v1/workspaces/{ws}/webhooks/{id}/test", Some(Role::Admin)),
    operator(Get, "/api/v1/workspaces/{ws}/webhooks/{id}/deliveries", Some(Role::Viewer)),
    operator(Get, "/api/v1/workspaces/{ws}/webhooks/{id}/deliveries/{delivery}", Some(Role::Viewer)),
    operator(Post, "/api/v1/workspaces/{ws}/webhooks/{id}/deliveries/{delivery}/replay", Some(Role::Admin)),
];

const fn public(verb: Verb, path: &'static str) -> Right {
    Right { verb, path, public: true, operator: true, role: None, scopes: Scopes::Any }
}

const fn operator(verb: Verb, path: &'static str, role: Option<Role>) -> Right {
    Right { verb, path, public: false, operator: true, role, scopes: Scopes::None }
}

/// For people who are signed in, whatever else they hold: no token and no key.
const fn person(verb: Verb, path: &'static str, role: Role) -> Right {
    Right { verb, path, public: false, operator: false, role: Some(role), scopes: Scopes::None }
}

const fn shared(verb: Verb, path: &'static str, role: Role, scopes: Scopes) -> Right {
    Right { verb, path, public: false, operator: true, role: Some(role), scopes }
}

/// What programs do, and no person.
const fn with_scope(verb: Verb, path: &'static str, scopes: Scopes) -> Right {
    Right { verb, path, public: false, operator: true, role: None, scopes }
}

/// What the workspace's own programs do, and not even the operator.
const fn keys_only(verb: Verb, path: &'static str, scopes: Scopes) -> Right {
    Right { verb, path, public: false, operator: false, role: None, scopes }
}

/// The row of a route; `None` means that nobody may.
pub fn right(method: &http::Method, path: &str) -> Option<&'static Right> {
    let verb = Verb::of(method)?;
    TABLE.iter().find(|right| right.verb == verb && right.path == path)
}

impl Right {
    /// Whether the route is about one workspace, named in the path.
    pub fn is_in_workspace(&self) -> bool {
        self.path.contains("/{ws}")
    }

    /// Whether a person may, who is that in the workspace and may run this installation.
    pub fn allows_person(&self, role: Option<Role>, is_operator: bool) -> bool {
        let by_role = match self.role {
            Some(least) => !self.is_in_workspace() || role.is_some_and(|role| role >= least),
            None => false,
        };
        by_role || (is_operator && self.operator)
    }

    /// The route as the API's description names it.
    pub fn name(&self) -> String {
        format!("{} {}", self.verb.as_str(), self.path)
    }

    /// Whether a key with these scopes may.
    pub fn allows(&self, held: &[Scope]) -> bool {
        match self.scopes {
            Scopes::None => false,
            Scopes::Any => true,
            Scopes::OneOf(wanted) => wanted.iter().any(|scope| held.contains(scope)),
        }
    }
}

impl Verb {
    /// The verb of a method; `HEAD` reads like `GET`.
    pub fn of(method: &http::Method) -> Option<Self> {
        match method.as_str() {
            "GET" | "HEAD" => Some(Get),
            "POST" => Some(Post),
            "PUT" => Some(Put),
            "PATCH" => Some(Patch),
            "DELETE" => Some(Delete),
            _ => None,
        }
    }

    /// The method's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Get => "GET",
            Post => "POST",
            Put => "PUT",
            Patch => "PATCH",
            Delete => "DELETE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_one_row() {
        for (at, right) in TABLE.iter().enumerate() {
            let same = |other: &&Right| other.verb == right.verb && other.path == right.path;
            assert_eq!(TABLE.iter().position(|r| same(&r)), Some(at), "{right:?}");
        }
    }

    #[test]
    fn no_key_reaches_what_is_not_its_workspaces() {
        let shared = [
            "/api/v1/plans",
            "/api/v1/models",
            "/api/v1/providers",
            "/api/v1/connection-providers",
            "/api/v1/error-codes",
            "/api/v1/error-codes/{code}",
            "/mcp",
        ];
        for right in TABLE.iter().filter(|r| !r.public && r.scopes != Scopes::None) {
            assert!(right.is_in_workspace() || shared.contains(&right.path), "{right:?}");
        }
    }

    #[test]
    fn rows_are_found_by_method_and_path() {
        assert!(right(&http::Method::HEAD, "/healthz").is_some());
        assert!(right(&http::Method::POST, "/healthz").is_none());
        assert!(right(&http::Method::CONNECT, "/healthz").is_none());
    }
}

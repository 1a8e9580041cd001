//! OAuth connections: accounts elsewhere that a workspace has connected. Their tokens come by a browser and go to the
//! workspace's own programs.

use http::StatusCode;
use ownkey_connections::{NoConnection, NoToken};
use ownkey_domain::connection::ConnectionState;
use ownkey_domain::id::ConnectionId;
use ownkey_domain::time::Timestamp;
use ownkey_store::Connection;
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::problem::Problem;

pub(crate) mod back;
pub(crate) mod begin;
pub(crate) mod disconnect;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod providers;
pub(crate) mod token;

/// Where browsers come back to from providers, each below it by its name. Operators write that down there, so it stays.
pub const CALLBACK: &str = "/api/v1/connections/callback";
pub(crate) const BACK: &str = "/api/v1/connections/callback/{provider}";

/// A connection as the API shows it: never a token.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Connection)]
pub(crate) struct ConnectionView {
    /// Its id.
    #[schema(value_type = String)]
    id: ConnectionId,
    /// The provider, as the list of providers of connections names it.
    provider: String,
    /// `active`, `needs_reauth` or `revoked`.
    #[schema(value_type = String)]
    state: ConnectionState,
    /// What was agreed to.
    scopes: Vec<String>,
    /// When its token was last refreshed, or first came.
    #[schema(value_type = String)]
    refreshed_at: Timestamp,
    /// When its token expires; null if it does not, or the provider does not say.
    #[schema(value_type = Option<String>)]
    expires_at: Option<Timestamp>,
    /// When the next refresh is due.
    #[schema(value_type = Option<String>)]
    refresh_due_at: Option<Timestamp>,
    /// What the last refresh failed by, in one word; null once one succeeds. Of one that is disconnected, `not_revoked`:
    /// the provider did not say that it revoked the tokens, so remove the access there.
    last_error: Option<String>,
    /// When that was.
    #[schema(value_type = Option<String>)]
    last_error_at: Option<Timestamp>,
    /// The id of the person that connected it.
    created_by: String,
    /// When it was first connected.
    #[schema(value_type = String)]
    created_at: Timestamp,
    /// When it was disconnected.
    #[schema(value_type = Option<String>)]
    ended_at: Option<Timestamp>,
}

impl From<Connection> for ConnectionView {
    fn from(connection: Connection) -> Self {
        Self {
            id: connection.id,
            provider: connection.provider,
            state: connection.state,
            scopes: connection.scopes,
            refreshed_at: connection.issued_at,
            expires_at: connection.expires_at,
            refresh_due_at: connection.due_at,
            last_error: connection.last_error,
            last_error_at: connection.last_error_at,
            created_by: connection.created_by,
            created_at: connection.created_at,
            ended_at: connection.ended_at,
        }
    }
}

fn id_of(access: &InWorkspace) -> Result<ConnectionId, Problem> {
    access.segment("id").parse().map_err(|_| gone())
}

fn gone() -> Problem {
    Problem::not_found("There is no such connection in this workspace.")
}

fn unavailable(detail: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_GATEWAY, "provider_unavailable", "The provider does not answer", detail)
}

impl From<NoToken> for Problem {
    fn from(why: NoToken) -> Self {
        match why {
            NoToken::NotFound => gone(),
            NoToken::NeedsReauth => Self::needs_reauth(
                "The provider takes this connection's grant no more. Somebody has to connect it again.",
            ),
            NoToken::NotRefreshed => unavailable(
                "The token has expired, and the provider gives no new one at the moment. Try again shortly.",
            ),
            NoToken::Sealed => {
                Self::key_sealed("The connection's token can't be opened. Ask the operator, or connect it again.")
            }
            NoToken::Store(error) => error.into(),
        }
    }
}

impl From<NoConnection> for Problem {
    fn from(why: NoConnection) -> Self {
        match why {
            NoConnection::UnknownProvider => Self::bad_request(
                "`provider` names no provider of connections. `GET /api/v1/connection-providers` lists them.",
            )
            .with("member", "provider"),
            NoConnection::Refused => unavailable("The provider refused. Connect once more."),
            NoConnection::Misconfigured => {
                unavailable("The provider does not accept this server as its client. The operator has to mend that.")
            }
            NoConnection::Away => unavailable("The provider does not answer, or not as it should. Try again shortly."),
            NoConnection::Gone => gone(),
            NoConnection::TooMany => {
                Self::conflict("This workspace has as many connections as it may. Disconnect one.")
            }
            NoConnection::Store(error) => error.into(),
            NoConnection::Vault(error) => error.into(),
        }
    }
}

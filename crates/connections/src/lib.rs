//! OAuth connections: how somebody agrees at a provider, and how the tokens that come of it are kept fresh.
//!
//! Tokens are opened here only to be sent to who issued them, or to be handed to whoever may use them. Who refreshes, and
//! what may be written of it, is the store's claim (`ownkey_store::Claim`); when, and what follows from each answer, are
//! rules of `ownkey_domain::connection`.

#![warn(missing_docs)]

mod answer;
mod connect;
mod connections;
mod daemon;
mod discovery;
mod fresh;
mod http;
mod metrics;
mod oauth;
mod provider;
mod refresh;
mod revoke;
mod sealing;
mod under_way;

pub use connect::{Begun, CameBack, NoConnection};
pub use connections::{Connections, NoClient, Parts};
pub use daemon::keep_fresh;
pub use fresh::{Fresh, NoToken};
pub use metrics::Metrics;
pub use provider::{ClientAuthentication, Endpoints, Place, Provider};
pub use revoke::AllLeft;
pub use under_way::UnderWay;

//! The management API: workspaces, provider keys, platform keys, who pays, receipts, usage, audit.
//!
//! A noun is a folder, an action is a file. A handler parses, is let in by the one table of rights ([`rights`]), does
//! one thing and renders it. The whole list of routes is in `router.rs`; OpenAPI is made from the handlers.

#![warn(missing_docs)]

mod agents;
mod amount;
mod api_keys;
mod audit;
mod auth;
mod backoff;
mod body;
mod budgets;
mod connections;
mod control;
mod cookie;
mod costs;
mod credential;
mod credits;
mod download;
mod edge;
mod error_codes;
mod failing;
mod form;
mod health;
mod invitations;
mod ladder;
mod ledger;
mod links;
mod logins;
mod mcp;
mod members;
mod models;
mod openapi;
pub mod operator;
mod outlook;
mod overview;
mod page;
mod passwords;
mod plans;
mod playground;
mod policy;
mod probe;
mod problem;
mod provider_keys;
mod providers;
mod query;
mod receipts;
pub mod rights;
mod router;
mod sealing;
mod services;
mod sessions;
mod site;
mod statements;
mod throttle;
mod token;
mod usage;
mod visitor;
mod webhooks;
mod who;
mod workspaces;

pub use connections::CALLBACK;
pub use control::{Clock, Control, Endpoint, KeyRates, ManagedKeys, Metrics, NoClient, Parts, Readiness};
pub use ladder::LadderLimits;
pub use logins::Logins;
pub use passwords::{HashCost, NoPasswords, Passwords};
pub use problem::{MEDIA_TYPE, Problem};
pub use router::router;
pub use site::Site;
pub use throttle::Throttle;
pub use token::Tokens;
pub use visitor::ClientAddress;

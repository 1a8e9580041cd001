//! The management API from the outside: real store, real vault, a provider in the same process.

#![expect(clippy::unwrap_used, reason = "tests")]

mod agents;
mod api_keys;
mod app;
mod audit;
mod budgets;
mod costs;
mod credits;
mod edges;
mod fake;
mod key_tests;
mod ledger;
mod members;
mod openapi;
mod operator;
mod people;
mod policy;
mod provider_keys;
mod receipts;
mod rights;
mod services;
mod session;
mod setup;
mod webhooks;
mod workspaces;

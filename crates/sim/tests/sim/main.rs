//! The simulator as its callers see it.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod answers;
mod echoes;
mod identity;
mod media;
mod oddities;
mod paths;
mod program;
mod requests;
mod responses;
mod schema;
mod service;
mod support;

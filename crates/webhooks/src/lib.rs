//! Webhooks: how a workspace is told of what happens, by signed messages in the form of Standard Webhooks.
//!
//! What is told is written by the store, with what it tells of. Here it is sent: by one node at a time, to addresses that
//! messages may go to and no others, again after pauses that grow, until it has arrived or is given up. When that is, is a
//! rule of `ownkey_domain::webhook`.

#![warn(missing_docs)]

mod daemon;
mod deliver;
mod http;
mod metrics;
mod networks;
mod sealing;
mod signing;
mod slots;
mod target;
mod webhooks;

pub use daemon::keep_sending;
pub use metrics::Metrics;
pub use networks::Networks;
pub use slots::Slots;
pub use target::{BadTarget, Target, URL_BYTES_MAX};
pub use webhooks::{Made, NoClient, NoWebhook, Parts, Webhooks};

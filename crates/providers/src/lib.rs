//! What Ownkey knows of each provider: bytes in, facts out. No sockets, no clocks, no async.
//!
//! A new provider is one new module with its [`Facts`], and one line in [`facts`]. All that reads bytes of a
//! provider or a caller is bounded in memory and never fails a call: what it can't read is absent from the facts.

#![warn(missing_docs)]
// What is read here is what is charged.
#![deny(clippy::as_conversions, clippy::float_arithmetic)]

mod anthropic;
mod openai;

pub mod answer;
pub mod error_class;
pub mod form;
pub mod hide_usage;
pub mod key;
pub mod managed;
pub mod media;
pub mod metered;
pub mod paths;
pub mod peek;
pub mod probe;
pub mod route;
pub mod scrub;
pub mod stray;
pub mod stream;
pub mod unlisted;

#[doc(hidden)]
pub mod fuzzing;

mod json;
mod mpeg;
mod registry;
mod sound;
mod sse;
mod unheard;

pub use registry::{Facts, facts};

//! Simulated providers: Anthropic and OpenAI as a gateway meets them, a service that is no model, and an identity
//! provider; strict
//! in what they accept, and odd where a test asks for it.

pub mod anthropic;
pub mod bill;
pub mod body;
mod bounds;
pub mod cache;
pub mod call;
pub mod catalogue;
pub mod clock;
pub mod control;
pub mod digest;
pub mod directive;
pub mod echo;
pub mod identity;
pub mod key;
pub mod log;
pub mod oddity;
pub mod openai;
pub mod provider;
pub mod reply;
pub mod schema;
pub mod serve;
pub mod service;
pub mod shelf;
pub mod sim;
pub mod sse;
pub mod text;
mod thought;
pub mod tool;
pub mod writes;

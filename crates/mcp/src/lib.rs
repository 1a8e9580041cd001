//! The MCP server: what a client of the Model Context Protocol sees of a workspace.
//!
//! Every tool and every resource is one request of the management API, made under the caller's own credential. So a tool
//! can do what its caller could do by HTTP and no more, and this crate knows nothing of ours: neither store nor vault,
//! neither scopes nor rights. It has no sessions, so any node may answer any message.

#![warn(missing_docs)]

mod api;
mod argument;
mod handler;
mod page;
mod resource;
mod server;
mod tool;

pub use server::Server;

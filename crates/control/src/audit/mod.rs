//! The audit log of a workspace.

pub(crate) mod list;
pub(crate) mod verify;

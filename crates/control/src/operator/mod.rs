//! What the operator's commands ask of the running server. Each is also a plain function over the store, for when no
//! server runs.

pub(crate) mod rotate;

pub use rotate::{Rotated, rotate_step};

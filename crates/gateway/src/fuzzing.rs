//! What fuzz targets (`tests/fuzz`) call besides. No part of the interface.

pub use crate::failure::about_the_request;
pub use crate::headers::{forwarded, relayed};

//! Fuzz targets of the rules.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod drive;
mod filled;
mod model_name;
mod pattern;
mod platform_key;

//! Fuzz targets of webhooks.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../../domain/tests/fuzz/drive.rs"]
mod drive;
mod target;

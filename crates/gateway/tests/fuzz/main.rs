//! Fuzz targets of the data plane.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../../domain/tests/fuzz/drive.rs"]
mod drive;
mod error;
#[path = "../../../domain/tests/fuzz/filled.rs"]
mod filled;
mod headers;
mod refusal;

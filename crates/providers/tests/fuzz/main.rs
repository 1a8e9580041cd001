//! Fuzz targets of what reads bytes of callers and providers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../../domain/tests/fuzz/drive.rs"]
mod drive;
#[path = "../../../domain/tests/fuzz/filled.rs"]
mod filled;
mod json;
mod node;
mod pieces;

mod answer;
mod edit;
mod error_class;
mod form;
mod hide_usage;
mod look;
mod peek;
mod scrub;
mod sound;
mod stream;

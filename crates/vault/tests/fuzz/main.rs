//! Fuzz targets of the vault.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../../../domain/tests/fuzz/drive.rs"]
mod drive;
mod envelope;
mod keyring;
mod origin;

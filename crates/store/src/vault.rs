//! What the vault keeps here: check values, the system DEK, system secrets. All of it wrapped or sealed.
//!
//! These rows are written before there is an audit key, and say nothing about any workspace, so they are the
//! one kind of mutation without an audit event. Each is written once: the first writer wins and every writer
//! gets what is stored.

use crate::{Result, Store, StoreError};

/// A DEK as stored: wrapped by a KEK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedDek {
    /// The wrapped key; it names its KEK.
    pub wrapped: Vec<u8>,
    /// The DEK's version.
    pub version: i32,
}

/// A secret of the installation itself, sealed under the system DEK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemSecret {
    /// The sealed secret.
    pub sealed: Vec<u8>,
    /// Its version, which hashes name.
    pub version: i32,
}

impl Store {
    /// The check value of that KEK.
    pub async fn kek_check(&self, kek_id: &str) -> Result<Option<Vec<u8>>> {
        let _ = kek_id;
        Err(StoreError::BadUrl)
    }

    /// The ids of all KEKs that have a check value.
    pub async fn kek_ids(&self) -> Result<Vec<String>> {
        Err(StoreError::BadUrl)
    }

    /// Keeps the check value of a KEK, unless there is one; returns the one that is stored.
    pub async fn put_kek_check(&self, kek_id: &str, check_value: &[u8]) -> Result<Vec<u8>> {
        let _ = (kek_id, check_value);
        Err(StoreError::BadUrl)
    }

    /// The system DEK.
    pub async fn system_dek(&self) -> Result<Option<WrappedDek>> {
        Err(StoreError::BadUrl)
    }

    /// Keeps the system DEK, unless there is one; returns the one that is stored.
    pub async fn put_system_dek(&self, dek: &WrappedDek) -> Result<WrappedDek> {
        let _ = dek;
        Err(StoreError::BadUrl)
    }

    /// A system secret of a version.
    pub async fn system_secret(&self, name: &str, version: i32) -> Result<Option<SystemSecret>> {
        let _ = (name, version);
        Err(StoreError::BadUrl)
    }

    /// All versions of a system secret, newest first.
    pub async fn system_secrets(&self, name: &str) -> Result<Vec<SystemSecret>> {
        let _ = name;
        Err(StoreError::BadUrl)
    }

    /// Keeps a system secret, unless that version is there; returns the one that is stored.
    pub async fn put_system_secret(&self, name: &str, secret: &SystemSecret) -> Result<SystemSecret> {
        let _ = (name, secret);
        Err(StoreError::BadUrl)
    }
}

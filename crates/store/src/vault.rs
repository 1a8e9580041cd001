//! What the vault keeps here: check values, the system DEK, system secrets. All of it wrapped or sealed.
//!
//! These rows are written before there is an audit key, and say nothing about any workspace, so they are the
//! one kind of mutation without an audit event. Each is written once: the first writer wins and every writer
//! gets what is stored.

use sqlx::FromRow;

use crate::db::on;
use crate::{Result, Store, StoreError};

/// A DEK as stored: wrapped by a KEK.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct WrappedDek {
    /// The wrapped key; it names its KEK.
    pub wrapped: Vec<u8>,
    /// The DEK's version.
    #[sqlx(try_from = "i64")]
    pub version: u32,
}

/// A secret of the installation itself, sealed under the system DEK.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct SystemSecret {
    /// The sealed secret.
    pub sealed: Vec<u8>,
    /// Its version, which hashes name.
    #[sqlx(try_from = "i64")]
    pub version: u32,
}

impl Store {
    /// The check value of that KEK.
    pub async fn kek_check(&self, kek_id: &str) -> Result<Option<Vec<u8>>> {
        const SQL: &str = "SELECT check_value FROM kek_checks WHERE kek_id = $1";
        let row: Option<(Vec<u8>,)> =
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(kek_id).fetch_optional(c).await)?;
        Ok(row.map(|(value,)| value))
    }

    /// The ids of all KEKs that have a check value.
    pub async fn kek_ids(&self) -> Result<Vec<String>> {
        const SQL: &str = "SELECT kek_id FROM kek_checks ORDER BY kek_id";
        let rows: Vec<(String,)> = on!(self.inner.db.read(), c => sqlx::query_as(SQL).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// Keeps the check value of a KEK, unless there is one; returns the one that is stored.
    pub async fn put_kek_check(&self, kek_id: &str, check_value: &[u8]) -> Result<Vec<u8>> {
        const SQL: &str = "INSERT INTO kek_checks (kek_id, check_value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let mut tx = self.inner.db.begin().await?;
        on!(tx.on(), c => sqlx::query(SQL).bind(kek_id).bind(check_value).execute(c).await.map(drop))?;
        tx.commit().await?;
        self.kek_check(kek_id).await?.ok_or(StoreError::RowCount("kek_checks"))
    }

    /// The system DEK.
    pub async fn system_dek(&self) -> Result<Option<WrappedDek>> {
        const SQL: &str = "SELECT wrapped, version FROM system_dek";
        Ok(on!(self.inner.db.read(), c => sqlx::query_as(SQL).fetch_optional(c).await)?)
    }

    /// Keeps the system DEK, unless there is one; returns the one that is stored.
    pub async fn put_system_dek(&self, dek: &WrappedDek) -> Result<WrappedDek> {
        const SQL: &str = "INSERT INTO system_dek (slot, wrapped, version) VALUES (1, $1, $2) ON CONFLICT DO NOTHING";
        let mut tx = self.inner.db.begin().await?;
        on!(tx.on(), c => sqlx::query(SQL).bind(&dek.wrapped).bind(i64::from(dek.version)).execute(c).await.map(drop))?;
        tx.commit().await?;
        self.system_dek().await?.ok_or(StoreError::RowCount("system_dek"))
    }

    /// A system secret of a version.
    pub async fn system_secret(&self, name: &str, version: u32) -> Result<Option<SystemSecret>> {
        const SQL: &str = "SELECT sealed, version FROM system_secrets WHERE name = $1 AND version = $2";
        Ok(
            on!(self.inner.db.read(), c => sqlx::query_as(SQL).bind(name).bind(i64::from(version)).fetch_optional(c).await)?,
        )
    }

    /// Keeps a system secret, unless that version is there; returns the one that is stored.
    pub async fn put_system_secret(&self, name: &str, secret: &SystemSecret) -> Result<SystemSecret> {
        const SQL: &str =
            "INSERT INTO system_secrets (name, version, sealed) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let mut tx = self.inner.db.begin().await?;
        on!(tx.on(), c => sqlx::query(SQL)
            .bind(name).bind(i64::from(secret.version)).bind(&secret.sealed)
            .execute(c).await.map(drop))?;
        tx.commit().await?;
        self.system_secret(name, secret.version).await?.ok_or(StoreError::RowCount("system_secrets"))
    }
}

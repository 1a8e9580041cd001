//! Vault and store at start: the right KEK or no start, and the installation's own keys.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use ownkey_store::{AuditMac, Store, SystemSecret, WrappedDek as StoredDek};
use ownkey_vault::{
    Context, DekOwner, Keyring, PepperId, PlatformKeyHasher, Sealed, Secret, SystemPurpose, WrappedDek,
};

/// The version of every key that a first start makes.
const FIRST: u32 = 1;

/// Compares each configured KEK with the check value in the store. A wrong or missing one stops the start before
/// anything is written.
pub async fn check_keks(keyring: &Keyring, store: &Store) -> anyhow::Result<()> {
    let known = store.kek_ids().await?;
    if known.is_empty() {
        return Ok(());
    }
    if !keyring.ids().any(|id| known.iter().any(|k| k == id.as_str())) {
        bail!(
            "the configured KEK is not the one this store was made with (it knows {}): configure that one; nothing was changed",
            known.join(", ")
        );
    }
    for id in keyring.ids() {
        if let Some(stored) = store.kek_check(id.as_str()).await? {
            keyring.verify(id, &stored).context("wrong KEK; nothing was changed")?;
        }
    }
    let Some(dek) = store.system_dek().await? else { return Ok(()) };
    let dek = WrappedDek::from_bytes(dek.wrapped)?;
    if !keyring.has(dek.kek_id()) {
        bail!("the KEK `{}` is needed to open this store and is not configured; nothing was changed", dek.kek_id());
    }
    Ok(())
}

/// Writes the check values of the configured KEKs.
pub async fn record_keks(keyring: &Keyring, store: &Store) -> anyhow::Result<()> {
    for id in keyring.ids() {
        let stored = store.put_kek_check(id.as_str(), &keyring.check_value(id)?).await?;
        keyring.verify(id, &stored).context("wrong KEK")?;
    }
    Ok(())
}

/// The installation's own keys, opened; a first start makes them.
pub struct SystemKeys {
    dek: WrappedDek,
}

impl SystemKeys {
    /// Opens them, or makes the data key they are sealed under.
    pub async fn open(keyring: &Keyring, store: &Store) -> anyhow::Result<Self> {
        let stored = match store.system_dek().await? {
            Some(dek) => dek,
            None => {
                let new = keyring.new_dek(DekOwner::System, FIRST)?;
                store.put_system_dek(&StoredDek { wrapped: new.as_bytes().to_vec(), version: FIRST }).await?
            }
        };
        Ok(Self { dek: WrappedDek::from_bytes(stored.wrapped)? })
    }

    /// The key for that purpose.
    pub async fn key(&self, keyring: &Keyring, store: &Store, purpose: SystemPurpose) -> anyhow::Result<Secret> {
        let context = Context::SystemKey { purpose, version: FIRST };
        let stored = match store.system_secret(purpose.as_str(), FIRST).await? {
            Some(secret) => secret,
            None => {
                let sealed = keyring.seal(&self.dek, &context, &Secret::random()?)?;
                let new = SystemSecret { sealed: sealed.as_bytes().to_vec(), version: FIRST };
                store.put_system_secret(purpose.as_str(), &new).await?
            }
        };
        let secret = keyring.open(&self.dek, &context, &Sealed::from_bytes(stored.sealed)?);
        secret.with_context(|| format!("the {} key of the store can't be opened", purpose.as_str()))
    }

    /// What signs the audit chains.
    pub async fn audit_mac(&self, keyring: &Keyring, store: &Store) -> anyhow::Result<AuditMac> {
        let key = self.key(keyring, store, SystemPurpose::Audit).await?;
        let hasher = PlatformKeyHasher::new(PepperId(FIRST), &key);
        Ok(Arc::new(move |bytes| hasher.hash(bytes).mac))
    }

    /// What hashes platform keys.
    pub async fn hasher(&self, keyring: &Keyring, store: &Store) -> anyhow::Result<PlatformKeyHasher> {
        let pepper = self.key(keyring, store, SystemPurpose::Pepper).await?;
        Ok(PlatformKeyHasher::new(PepperId(FIRST), &pepper))
    }
}

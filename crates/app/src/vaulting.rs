//! Vault and store at start: the right KEK or no start, and the installation's own keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use ownkey_store::{AuditMac, Store, SystemSecret, WrappedDek as StoredDek};
use ownkey_vault::{
    Context, DekOwner, KekId, Keyring, PepperId, PlatformKeyHasher, Sealed, Secret, SystemPurpose, WrappedDek,
};

/// The version of every key that a first start makes.
const FIRST: u32 = 1;
/// Data keys read at a time when all are looked at: about 200 bytes each.
const DEKS_AT_A_TIME: u32 = 1_000;

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
    let missing = missing_keks(keyring, store).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = missing.iter().map(|(id, deks)| format!("`{id}` ({deks} data keys)")).collect();
    bail!(
        "data keys in this store are still wrapped under KEKs that are not configured: {}; configure them behind the \
         active one and run `ownkey vault rotate` before you remove them; nothing was changed",
        told.join(", ")
    )
}

/// The KEKs that data keys are wrapped under and that are not configured, with how many data keys each. A row that
/// is damaged names none: it concerns its own workspace only.
async fn missing_keks(keyring: &Keyring, store: &Store) -> anyhow::Result<BTreeMap<KekId, u64>> {
    let mut missing = BTreeMap::new();
    let mut count = |wrapped: Vec<u8>| {
        if let Ok(dek) = WrappedDek::from_bytes(wrapped)
            && !keyring.has(dek.kek_id())
        {
            *missing.entry(dek.kek_id().clone()).or_insert(0) += 1;
        }
    };
    store.system_dek().await?.into_iter().for_each(|dek| count(dek.wrapped));
    let mut after = None;
    loop {
        let deks = store.workspace_deks(after, DEKS_AT_A_TIME).await?;
        let Some(last) = deks.last() else { return Ok(missing) };
        after = Some(last.workspace);
        deks.into_iter().for_each(|found| count(found.dek.wrapped));
    }
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

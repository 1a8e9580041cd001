//! Vault and store at start: the right KEK or no start, and the installation's own keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use ownkey_control::Tokens;
use ownkey_store::{AuditMac, Store, StoreConfig, SystemSecret, WrappedDek as StoredDek};
use ownkey_vault::{
    Context, DekOwner, KekId, Keyring, PepperId, PlatformKeyHasher, Sealed, Secret, SystemPurpose, WrappedDek,
};

/// The version of every key that a first start makes.
const FIRST: u32 = 1;
/// Data keys read at a time when all are looked at: about 200 bytes each.
const DEKS_AT_A_TIME: u32 = 1_000;

/// Checks the KEKs against the store as it is, if there is one, before it is brought up to date: a wrong KEK must not
/// even migrate it. Whether there is a store.
pub async fn check_store(keyring: &Keyring, config: &StoreConfig) -> anyhow::Result<bool> {
    let Some(store) = look(keyring, config).await? else { return Ok(false) };
    store.close().await;
    Ok(true)
}

/// The store as it is, to look at only, if there is one and the KEKs are the right ones.
pub async fn look(keyring: &Keyring, config: &StoreConfig) -> anyhow::Result<Option<Store>> {
    let Some(store) = Store::look(config).await.context("cannot open the store")? else { return Ok(None) };
    match check_keks(keyring, &store).await {
        Ok(()) => Ok(Some(store)),
        Err(error) => {
            store.close().await;
            Err(error)
        }
    }
}

/// Compares each configured KEK with the check value in the store, and proves that one of them opens the
/// installation's data key. A wrong or missing one stops the start before anything is written.
async fn check_keks(keyring: &Keyring, store: &Store) -> anyhow::Result<()> {
    let known = store.kek_ids().await?;
    for id in keyring.ids() {
        let unnamed = keyring.unnamed_id(id)?;
        if unnamed != *id && known.iter().any(|known| known == unnamed.as_str()) {
            bail!(
                "this store knows the KEK `{id}` as `{unnamed}`, the name it has where it is written without one: \
                 configure it without a name, or as `{unnamed}:…`; nothing was changed"
            );
        }
    }
    if !known.is_empty() && !keyring.ids().any(|id| known.iter().any(|k| k == id.as_str())) {
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
        return proven(keyring, store).await;
    }
    let told: Vec<String> = missing.iter().map(|(id, deks)| format!("`{id}` ({deks} data keys)")).collect();
    bail!(
        "data keys in this store are still wrapped under KEKs that are not configured: {}; configure them behind the \
         active one and run `ownkey vault rotate` before you remove them; nothing was changed",
        told.join(", ")
    )
}

/// Check values may be missing, as after a restore of some tables. What they vouch for is the proof itself.
async fn proven(keyring: &Keyring, store: &Store) -> anyhow::Result<()> {
    let Some(dek) = store.system_dek().await? else { return Ok(()) };
    keyring
        .rewrap(&WrappedDek::from_bytes(dek.wrapped)?, DekOwner::System)
        .context("wrong KEK; nothing was changed")?;
    Ok(())
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

/// Writes the check values of the configured KEKs, once they are known to be right.
pub async fn record_keks(keyring: &Keyring, store: &Store) -> anyhow::Result<()> {
    // Again: another process may have made the store since.
    check_keks(keyring, store).await?;
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

    /// Opens them as they are, if there are any; makes none.
    pub async fn look(store: &Store) -> anyhow::Result<Option<Self>> {
        let Some(dek) = store.system_dek().await? else { return Ok(None) };
        Ok(Some(Self { dek: WrappedDek::from_bytes(dek.wrapped)? }))
    }

    /// The key for that purpose; a first start makes it.
    pub async fn key(&self, keyring: &Keyring, store: &Store, purpose: SystemPurpose) -> anyhow::Result<Secret> {
        let stored = match store.system_secret(purpose.as_str(), FIRST).await? {
            Some(secret) => secret,
            None => {
                let sealed = keyring.seal(&self.dek, &context(purpose), &Secret::random()?)?;
                let new = SystemSecret { sealed: sealed.as_bytes().to_vec(), version: FIRST };
                store.put_system_secret(purpose.as_str(), &new).await?
            }
        };
        self.opened(keyring, purpose, stored)
    }

    fn opened(&self, keyring: &Keyring, purpose: SystemPurpose, stored: SystemSecret) -> anyhow::Result<Secret> {
        let secret = keyring.open(&self.dek, &context(purpose), &Sealed::from_bytes(stored.sealed)?);
        secret.with_context(|| format!("the {} key of the store can't be opened", purpose.as_str()))
    }

    /// What signs the audit chains.
    pub async fn audit_mac(&self, keyring: &Keyring, store: &Store) -> anyhow::Result<AuditMac> {
        Ok(audit_mac(&self.key(keyring, store, SystemPurpose::Audit).await?))
    }

    /// What signs the audit chains, if they were ever signed; makes nothing.
    pub async fn look_at_audit_mac(&self, keyring: &Keyring, store: &Store) -> anyhow::Result<Option<AuditMac>> {
        let stored = store.system_secret(SystemPurpose::Audit.as_str(), FIRST).await?;
        stored.map(|stored| Ok(audit_mac(&self.opened(keyring, SystemPurpose::Audit, stored)?))).transpose()
    }

    /// What hashes platform keys.
    pub async fn hasher(&self, keyring: &Keyring, store: &Store) -> anyhow::Result<PlatformKeyHasher> {
        let pepper = self.key(keyring, store, SystemPurpose::Pepper).await?;
        Ok(PlatformKeyHasher::new(PepperId(FIRST), &pepper))
    }

    /// What makes and knows the secrets of cookies and links.
    pub async fn tokens(&self, keyring: &Keyring, store: &Store) -> anyhow::Result<Tokens> {
        let key = self.key(keyring, store, SystemPurpose::Session).await?;
        Ok(Tokens::new(PlatformKeyHasher::new(PepperId(FIRST), &key)))
    }
}

fn context(purpose: SystemPurpose) -> Context<'static> {
    Context::SystemKey { purpose, version: FIRST }
}

fn audit_mac(key: &Secret) -> AuditMac {
    let hasher = PlatformKeyHasher::new(PepperId(FIRST), key);
    Arc::new(move |bytes| hasher.hash(bytes).mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "a:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    /// Another key of the same name.
    const WRONG: &str = "a:YWJjZGVmZ2hpamFiY2RlZmdoaWphYmNkZWZnaGlqYWI=";

    #[tokio::test]
    async fn without_check_values_the_data_key_itself_tells_a_wrong_kek() {
        let dir = tempfile::tempdir().unwrap();
        let config = StoreConfig::new(format!("sqlite://{}", dir.path().join("a.db").display()));
        let (right, wrong) = (Keyring::parse(RIGHT).unwrap(), Keyring::parse(WRONG).unwrap());
        assert!(!check_store(&wrong, &config).await.unwrap());
        let store = Store::open(&config).await.unwrap();
        SystemKeys::open(&right, &store).await.unwrap();
        assert!(store.kek_ids().await.unwrap().is_empty());

        assert!(format!("{:#}", check_store(&wrong, &config).await.unwrap_err()).contains("wrong KEK"));
        assert!(record_keks(&wrong, &store).await.is_err());
        assert!(store.kek_ids().await.unwrap().is_empty());
        assert!(check_store(&right, &config).await.unwrap());
        record_keks(&right, &store).await.unwrap();
        assert_eq!(store.kek_ids().await.unwrap(), ["a"]);
    }
}

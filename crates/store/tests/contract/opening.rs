//! Opening, and what must hold of the files.

use std::path::Path;

use ownkey_domain::provider::Provider;
use ownkey_domain::receipt::Receipt;
use ownkey_store::{JournalLimits, Store, StoreConfig, StoreError};
use sqlx::{Connection, SqliteConnection};

use crate::bed::{BY, Bed, new_credential, new_workspace, receipt};

crate::on_both! { a_reopened_store_is_the_same an_older_database_is_brought_up_to_date a_newer_database_is_refused nothing_is_changed_without_an_audit_key a_look_changes_nothing }

async fn a_reopened_store_is_the_same(bed: Bed) {
    let id = bed.workspace().await;
    bed.store.ping().await.unwrap();
    let bed = bed.reopen().await;
    assert_eq!(bed.store.workspace(id).await.unwrap().unwrap().id, id);
}

async fn an_older_database_is_brought_up_to_date(bed: Bed) {
    let workspace = bed.workspace().await;
    let running = bed.start(JournalLimits::default()).await;
    let old = Receipt { user: None, ..receipt(workspace, 0) };
    running.journal.append(&old).unwrap();
    running.stop().await;
    bed.execute("ALTER TABLE receipts DROP COLUMN for_user").await;
    bed.execute("DELETE FROM _sqlx_migrations WHERE version = 2").await;

    let bed = bed.reopen().await;
    let running = bed.start(JournalLimits::default()).await;
    let new = receipt(workspace, 3);
    assert!(new.user.is_some());
    running.journal.append(&new).unwrap();
    for receipt in [old, new] {
        assert_eq!(bed.store.receipt(workspace, receipt.id).await.unwrap(), Some(receipt));
    }
    running.stop().await;
}

async fn a_newer_database_is_refused(bed: Bed) {
    let Bed { store, mut config, dir } = bed;
    store.close().await;
    drop(store);
    config.binary_version = "0.0.9".to_owned();
    let refused = Store::open(&config).await.unwrap_err();
    assert!(matches!(refused, StoreError::TooOld { needed, .. } if needed == "0.1.0"));
    config.binary_version = "0.10.0-rc.1".to_owned();
    Store::open(&config).await.unwrap();
    drop(dir);
}

async fn nothing_is_changed_without_an_audit_key(bed: Bed) {
    bed.store.close().await;
    let Bed { store, config, dir } = bed;
    drop(store);
    let store = Store::open(&config).await.unwrap();
    let refused = store.create_workspace(&new_workspace(), BY).await;
    assert!(matches!(refused, Err(StoreError::NoAuditKey)));
    drop(dir);
}

async fn a_look_changes_nothing(bed: Bed) {
    let id = bed.workspace().await;
    // Beside a process that serves.
    let look = Store::look(&bed.config).await.unwrap().unwrap();
    assert_eq!(look.workspace(id).await.unwrap().unwrap().id, id);
    if bed.config.url.starts_with("sqlite") {
        assert!(look.put_kek_check("k", b"value").await.is_err());
    }
    look.close().await;
    bed.execute("UPDATE settings SET value = '999.0.0' WHERE name = 'min_binary'").await;
    assert!(matches!(Store::look(&bed.config).await, Err(StoreError::TooOld { .. })));
}

#[tokio::test]
async fn a_look_at_what_a_killed_process_left_changes_no_byte() {
    let bed = Bed::sqlite().await;
    let id = bed.workspace().await;
    let left = bed.dir.path().join("a % folder #1");
    std::fs::create_dir(&left).unwrap();
    let read = |folder: &Path, name: &str| std::fs::read(folder.join(name)).unwrap();
    let data = bed.dir.path().join("data");
    for name in ["ownkey.db", "ownkey.db-wal"] {
        std::fs::write(left.join(name), read(&data, name)).unwrap();
    }
    let config = StoreConfig::new(format!("sqlite://{}", left.join("ownkey.db").display()));
    let look = Store::look(&config).await.unwrap().unwrap();
    assert!(look.workspace(id).await.unwrap().is_some());
    look.close().await;
    for name in ["ownkey.db", "ownkey.db-wal"] {
        assert!(read(&left, name) == read(&data, name), "{name}");
    }
    // After an orderly end there is the database alone, and a look adds no file.
    Store::open(&config).await.unwrap().close().await;
    let files = || std::fs::read_dir(&left).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
    let (before, bytes) = (files(), read(&left, "ownkey.db"));
    let look = Store::look(&config).await.unwrap().unwrap();
    assert!(look.workspace(id).await.unwrap().is_some());
    look.close().await;
    assert_eq!((files(), read(&left, "ownkey.db") == bytes), (before, true));
}

#[tokio::test]
async fn a_look_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data/ownkey.db");
    let config = StoreConfig::new(format!("sqlite://{}", path.display()));
    assert!(Store::look(&config).await.unwrap().is_none());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    // An empty file is no store yet.
    std::fs::create_dir(dir.path().join("data")).unwrap();
    std::fs::write(&path, b"").unwrap();
    assert!(Store::look(&config).await.unwrap().is_none());
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let bed = Bed::sqlite().await;
    let refused = Store::open(&bed.config).await.unwrap_err();
    assert!(matches!(refused, StoreError::AlreadyOpen(_)), "{refused}");
}

#[tokio::test]
async fn other_urls_are_refused() {
    for url in ["", "sqlite://", "sqlite://:memory:", "mysql://x/y", "ownkey.db", "sqlite://a.db?mode=ro"] {
        assert!(matches!(Store::open(&StoreConfig::new(url)).await, Err(StoreError::BadUrl)), "{url}");
    }
}

/// Whether any file in the folder holds those bytes.
fn anywhere(dir: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[tokio::test]
async fn a_removed_key_is_in_no_file() {
    let bed = Bed::sqlite().await;
    let (store, folder) = (&bed.store, bed.dir.path().join("data"));
    let (workspace, mut new) = (bed.workspace().await, new_workspace());
    let sealed = |n: u8| [b"SEALED-MARKER-".as_slice(), &[b'0' + n; 400]].concat();
    for n in 0..3 {
        store.put_credential(&new_credential(workspace, &sealed(n)), BY).await.unwrap();
        assert!(anywhere(&folder, &sealed(n)));
    }
    assert!(!anywhere(&folder, &sealed(0)) && !anywhere(&folder, &sealed(1)), "rotated");
    store.remove_credential(workspace, (Provider::Anthropic, None), BY).await.unwrap();
    assert!(!anywhere(&folder, b"SEALED-MARKER-"), "removed");
    new.dek.wrapped = b"WRAPPED-MARKER".to_vec();
    store.create_workspace(&new, BY).await.unwrap();
    store.put_credential(&new_credential(new.id, &sealed(4)), BY).await.unwrap();
    store.delete_workspace(new.id, BY).await.unwrap();
    assert!(!anywhere(&folder, b"SEALED-MARKER-") && !anywhere(&folder, b"WRAPPED-MARKER"), "deleted");
}

#[tokio::test]
async fn a_backup_is_a_whole_database() {
    let bed = Bed::sqlite().await;
    let id = bed.workspace().await;
    let copy = bed.dir.path().join("copy.db");
    bed.store.backup(&copy).await.unwrap();
    assert!(matches!(bed.store.backup(&copy).await, Err(StoreError::BackupFile)));
    let mut c = SqliteConnection::connect(&format!("sqlite://{}", copy.display())).await.unwrap();
    let (found,): (uuid::Uuid,) = sqlx::query_as("SELECT id FROM workspaces").fetch_one(&mut c).await.unwrap();
    assert_eq!(found, id.uuid());
    bed.workspace().await;
}

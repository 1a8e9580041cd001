use ownkey_store::{SystemSecret, WrappedDek};

use crate::bed::Bed;

crate::on_both! { the_first_writer_wins }

async fn the_first_writer_wins(bed: Bed) {
    let store = &bed.store;
    assert_eq!(store.kek_check("kek-1").await.unwrap(), None);
    assert_eq!(store.put_kek_check("kek-1", b"one").await.unwrap(), b"one");
    assert_eq!(store.put_kek_check("kek-1", b"two").await.unwrap(), b"one");
    assert_eq!(store.kek_ids().await.unwrap(), ["kek-1"]);

    assert_eq!(store.system_dek().await.unwrap(), None);
    let (first, second) = (WrappedDek { wrapped: vec![1], version: 1 }, WrappedDek { wrapped: vec![2], version: 2 });
    assert_eq!(store.put_system_dek(&first).await.unwrap(), first);
    assert_eq!(store.put_system_dek(&second).await.unwrap(), first);

    let secret = |sealed: &[u8], version| SystemSecret { sealed: sealed.to_vec(), version };
    assert_eq!(store.put_system_secret("pepper", &secret(b"a", 1)).await.unwrap(), secret(b"a", 1));
    assert_eq!(store.put_system_secret("pepper", &secret(b"b", 1)).await.unwrap(), secret(b"a", 1));
    store.put_system_secret("pepper", &secret(b"c", u32::MAX)).await.unwrap();
    store.put_system_secret("audit", &secret(b"d", 1)).await.unwrap();
    assert_eq!(store.system_secret("pepper", u32::MAX).await.unwrap(), Some(secret(b"c", u32::MAX)));
    assert_eq!(store.system_secret("pepper", 7).await.unwrap(), None);
}

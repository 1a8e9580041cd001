//! Reading key rings, and telling a wrong KEK.

use ownkey_domain::id::WorkspaceId;
use ownkey_vault::{DekOwner, KekId, Keyring, KeyringError, VaultError};

/// 32 bytes each: of `A`s, of `B`s, of `C`s in base64.
const A: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
const B: &str = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";
const C: &str = "Q0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0M=";

fn id(text: &str) -> KekId {
    KekId::parse(text).unwrap()
}

#[test]
fn both_forms_are_read_and_white_space_is_forgiven() {
    let single = Keyring::parse(&format!(" \n{A}\r\n")).unwrap();
    let unnamed = single.active_id().clone();
    assert_eq!(single.ids().collect::<Vec<_>>(), [&unnamed]);

    let ring = Keyring::parse(&format!("new:{B} ,\n old : {}\n", A.trim_end_matches('='))).unwrap();
    assert_eq!(ring.active_id().as_str(), "new");
    assert_eq!(ring.ids().map(KekId::as_str).collect::<Vec<_>>(), ["new", "old"]);
    assert!(ring.has(&id("old")) && !ring.has(&unnamed));

    // How a single unnamed key becomes the older one.
    let next = Keyring::parse(&format!("new:{B},{A}")).unwrap();
    assert_eq!(next.verify(&unnamed, &single.check_value(&unnamed).unwrap()), Ok(()));
}

#[test]
fn errors_tell_the_place_and_not_the_text() {
    let cases = [
        (String::new(), KeyringError::Empty),
        (" \n".to_owned(), KeyringError::Empty),
        ("SECRET!".to_owned(), KeyringError::NotBase64(1)),
        ("c2VjcmV0".to_owned(), KeyringError::WrongLength(1)),
        (format!("{A}QUFB"), KeyringError::NotBase64(1)),
        (format!("a:{A},"), KeyringError::WrongLength(2)),
        (format!("a:{A},b b:{B}"), KeyringError::BadId(2)),
        (format!(":{A}"), KeyringError::BadId(1)),
        (format!("a:{A},b:{B},a:{C}"), KeyringError::DuplicateId(id("a"))),
        (format!("{A},{A}"), KeyringError::DuplicateId(Keyring::parse(A).unwrap().active_id().clone())),
    ];
    for (text, expected) in cases {
        let error = Keyring::parse(&text).err().unwrap();
        assert_eq!(error, expected);
        let said = format!("{error} {error:?}");
        assert!(!said.contains("QUFB") && !said.contains("SECRET") && !said.contains("c2Vj"), "{said}");
    }
}

#[test]
fn a_generated_kek_is_read_and_is_new_each_time() {
    let text = || String::from_utf8(Keyring::generate_kek_text().unwrap().expose().to_vec()).unwrap();
    let (one, other) = (text(), text());
    assert_ne!(one, other);
    assert_ne!(Keyring::parse(&one).unwrap().active_id(), Keyring::parse(&other).unwrap().active_id());
}

#[test]
fn a_check_value_tells_a_wrong_kek() {
    let ring = Keyring::parse(&format!("k:{A}")).unwrap();
    let value = ring.check_value(&id("k")).unwrap();
    assert_eq!(ring.verify(&id("k"), &value), Ok(()));
    assert_eq!(ring.verify(&id("k"), &[]), Err(VaultError::KekWrong(id("k"))));
    let other = Keyring::parse(&format!("k:{B}")).unwrap();
    assert_eq!(other.verify(&id("k"), &value), Err(VaultError::KekWrong(id("k"))));
    assert_eq!(other.verify(&id("j"), &value), Err(VaultError::KekMissing(id("j"))));
}

#[test]
fn rotation_moves_a_dek_to_the_active_kek() {
    let owner = DekOwner::Workspace(WorkspaceId::from_uuid(uuid(1)));
    let old = Keyring::parse(&format!("old:{A}")).unwrap();
    let both = Keyring::parse(&format!("new:{B},old:{A}")).unwrap();
    let new = Keyring::parse(&format!("new:{B}")).unwrap();
    let dek = old.new_dek(owner, 1).unwrap();
    assert_eq!(new.rewrap(&dek, owner), Err(VaultError::KekMissing(id("old"))));
    assert_eq!(both.rewrap(&dek, DekOwner::System), Err(VaultError::Damaged));
    let moved = both.rewrap(&dek, owner).unwrap();
    assert_eq!((moved.kek_id(), moved.version()), (&id("new"), 1));
    assert!(new.rewrap(&moved, owner).is_ok());
}

fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

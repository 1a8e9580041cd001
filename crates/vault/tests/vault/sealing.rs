//! Secrets open where they were sealed, and nowhere else.

use ownkey_domain::id::{ConnectionId, CredentialId, WebhookId, WorkspaceId};
use ownkey_domain::provider::Provider;
use ownkey_vault::{Context, DekOwner, Keyring, Origin, Sealed, Secret, SystemPurpose, Token, VaultError, WrappedDek};
use proptest::prelude::*;
use uuid::Uuid;

const KEY: &str = "sk-ant-api03-canary";
const PEPPER: Context<'_> = Context::SystemKey { purpose: SystemPurpose::Pepper, version: 1 };

fn ring() -> Keyring {
    Keyring::parse("k:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=").unwrap()
}

fn workspace(n: u128) -> WorkspaceId {
    WorkspaceId::from_uuid(Uuid::from_u128(n))
}

fn origin(url: &str) -> Origin {
    Origin::of_url(url).unwrap()
}

fn secret() -> Secret {
    Secret::from(KEY.to_owned())
}

fn context(origin: &Origin) -> Context<'_> {
    Context::ProviderKey {
        workspace: workspace(1),
        credential: CredentialId::from_uuid(Uuid::from_u128(2)),
        provider: Provider::Anthropic,
        origin,
        version: 1,
    }
}

/// A data key, a destination and a secret sealed for it.
fn sealed() -> (WrappedDek, Origin, Sealed) {
    let dek = ring().new_dek(DekOwner::Workspace(workspace(1)), 1).unwrap();
    let origin = origin("https://api.anthropic.com");
    let sealed = ring().seal(&dek, &context(&origin), &secret()).unwrap();
    (dek, origin, sealed)
}

/// Reads the bytes as the store would and opens them: any failure is an `Err`.
fn open(dek: &[u8], context: &Context<'_>, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
    let dek = WrappedDek::from_bytes(dek.to_vec())?;
    let sealed = Sealed::from_bytes(sealed.to_vec())?;
    ring().open(&dek, context, &sealed).map(|secret| secret.expose().to_vec())
}

#[test]
fn every_single_flipped_bit_is_noticed() {
    let (dek, origin, sealed) = sealed();
    let context = context(&origin);
    assert_eq!(open(dek.as_bytes(), &context, sealed.as_bytes()), Ok(KEY.as_bytes().to_vec()));
    let flipped = |bytes: &[u8], bit: usize| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    for bit in 0..sealed.as_bytes().len() * 8 {
        assert!(open(dek.as_bytes(), &context, &flipped(sealed.as_bytes(), bit)).is_err(), "bit {bit} of the secret");
    }
    for bit in 0..dek.as_bytes().len() * 8 {
        assert!(open(&flipped(dek.as_bytes(), bit), &context, sealed.as_bytes()).is_err(), "bit {bit} of the data key");
    }
}

#[test]
fn every_cut_and_every_added_byte_is_noticed() {
    let (dek, origin, sealed) = sealed();
    let context = context(&origin);
    for len in 0..sealed.as_bytes().len() {
        assert!(open(dek.as_bytes(), &context, &sealed.as_bytes()[..len]).is_err(), "{len} bytes of the secret");
    }
    for len in 0..dek.as_bytes().len() {
        assert!(open(&dek.as_bytes()[..len], &context, sealed.as_bytes()).is_err(), "{len} bytes of the data key");
    }
    assert!(open(dek.as_bytes(), &context, &[sealed.as_bytes(), &[0]].concat()).is_err());
    assert!(open(&[dek.as_bytes(), &[0]].concat(), &context, sealed.as_bytes()).is_err());
}

#[test]
fn every_field_of_the_context_counts() {
    let (dek, origin, sealed) = sealed();
    let right = context(&origin);
    let Context::ProviderKey { workspace: ws, credential, provider, version, .. } = right else { unreachable!() };
    let origins = [
        "http://api.anthropic.com:443",
        "https://api.anthropic.com:444",
        "https://api.anthropic.com.example.org",
        "https://evil.example",
    ]
    .map(self::origin);
    let key = |workspace, credential, provider, version| Context::ProviderKey {
        workspace,
        credential,
        provider,
        origin: &origin,
        version,
    };
    let mut wrong = vec![
        key(workspace(9), credential, provider, version),
        key(ws, CredentialId::from_uuid(Uuid::from_u128(3)), provider, version),
        key(ws, credential, Provider::OpenAi, version),
        key(ws, credential, provider, 2),
        PEPPER,
    ];
    wrong.extend(origins.iter().map(context));
    for context in wrong {
        assert_eq!(open(dek.as_bytes(), &context, sealed.as_bytes()), Err(VaultError::Damaged), "{context:?}");
    }
}

#[test]
fn every_field_of_a_tokens_context_counts() {
    let (dek, issuer) = (sealed().0, origin("https://id.example.com"));
    let elsewhere = origin("https://evil.example");
    let place = |connection, provider, issuer, token, generation| Context::ConnectionToken {
        workspace: workspace(1),
        connection: ConnectionId::from_uuid(Uuid::from_u128(connection)),
        provider,
        issuer,
        token,
        generation,
    };
    let right = place(2, "google", &issuer, Token::Refresh, 1);
    let sealed = ring().seal(&dek, &right, &secret()).unwrap();
    assert_eq!(open(dek.as_bytes(), &right, sealed.as_bytes()), Ok(KEY.as_bytes().to_vec()));
    for wrong in [
        place(3, "google", &issuer, Token::Refresh, 1),
        place(2, "slack", &issuer, Token::Refresh, 1),
        place(2, "google", &elsewhere, Token::Refresh, 1),
        place(2, "google", &issuer, Token::Access, 1),
        place(2, "google", &issuer, Token::Refresh, 2),
        context(&issuer),
    ] {
        assert_eq!(open(dek.as_bytes(), &wrong, sealed.as_bytes()), Err(VaultError::Damaged), "{wrong:?}");
    }
}

#[test]
fn every_field_of_a_webhooks_context_counts() {
    let (dek, destination) = (sealed().0, origin("https://hooks.example.com"));
    let elsewhere = origin("https://evil.example");
    let place = |webhook, destination, generation| Context::WebhookSecret {
        workspace: workspace(1),
        webhook: WebhookId::from_uuid(Uuid::from_u128(webhook)),
        destination,
        generation,
    };
    let right = place(2, &destination, 1);
    let sealed = ring().seal(&dek, &right, &secret()).unwrap();
    assert_eq!(open(dek.as_bytes(), &right, sealed.as_bytes()), Ok(KEY.as_bytes().to_vec()));
    for wrong in [place(3, &destination, 1), place(2, &elsewhere, 1), place(2, &destination, 2), context(&destination)]
    {
        assert_eq!(open(dek.as_bytes(), &wrong, sealed.as_bytes()), Err(VaultError::Damaged), "{wrong:?}");
    }
}

#[test]
fn system_keys_are_told_apart_by_purpose_and_version() {
    let dek = ring().new_dek(DekOwner::System, 1).unwrap();
    let sealed = ring().seal(&dek, &PEPPER, &secret()).unwrap();
    for (purpose, version) in [(SystemPurpose::Session, 1), (SystemPurpose::Pepper, 2)] {
        let other = Context::SystemKey { purpose, version };
        assert_eq!(ring().open(&dek, &other, &sealed).err(), Some(VaultError::Damaged));
    }
    assert!(ring().open(&dek, &PEPPER, &sealed).is_ok());
}

#[test]
fn another_data_key_of_the_same_owner_does_not_open_it() {
    let (_, origin, sealed) = sealed();
    for version in [1, 2] {
        let other = ring().new_dek(DekOwner::Workspace(workspace(1)), version).unwrap();
        assert_eq!(ring().open(&other, &context(&origin), &sealed).err(), Some(VaultError::Damaged));
    }
}

#[test]
fn a_data_key_that_was_opened_before_opens_no_more_than_before() {
    let (dek, origin, sealed) = sealed();
    // Read anew, for what it was sealed with has kept it already.
    let dek = WrappedDek::from_bytes(dek.as_bytes().to_vec()).unwrap();
    let (ring, context) = (ring(), context(&origin));
    let read = |ring: &Keyring| ring.open(&dek, &context, &sealed).map(|secret| secret.expose().to_vec());
    for _ in 0..3 {
        assert_eq!(read(&ring), Ok(KEY.as_bytes().to_vec()));
    }
    assert_eq!(ring.rewrap(&dek, DekOwner::System), Err(VaultError::Damaged));
    assert_eq!(ring.rewrap(&dek, DekOwner::Workspace(workspace(2))), Err(VaultError::Damaged));
    // Others did not keep it, so they open it as ever, or not at all.
    let same = self::ring();
    assert_eq!([read(&same), read(&same)], [(); 2].map(|()| Ok(KEY.as_bytes().to_vec())));
    let another = Keyring::parse("k:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=").unwrap();
    assert_eq!(read(&another), Err(VaultError::Damaged));
    let without = Keyring::parse("j:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=").unwrap();
    assert!(matches!(read(&without), Err(VaultError::KekMissing(_))));
}

#[test]
fn a_wrong_kek_of_the_right_name_does_not_open_it() {
    let (dek, origin, sealed) = sealed();
    let wrong = Keyring::parse("k:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=").unwrap();
    assert_eq!(wrong.open(&dek, &context(&origin), &sealed).err(), Some(VaultError::Damaged));
    let other = Keyring::parse("j:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=").unwrap();
    assert!(matches!(other.open(&dek, &context(&origin), &sealed).err(), Some(VaultError::KekMissing(_))));
}

#[test]
fn the_two_kinds_of_blob_are_not_mistaken_for_each_other() {
    let (dek, _, sealed) = sealed();
    assert_eq!(Sealed::from_bytes(dek.as_bytes().to_vec()), Err(VaultError::Damaged));
    assert_eq!(WrappedDek::from_bytes(sealed.as_bytes().to_vec()), Err(VaultError::Damaged));
}

#[test]
fn equal_secrets_seal_differently_and_hide_their_text() {
    let (dek, origin, sealed) = sealed();
    let again = ring().seal(&dek, &context(&origin), &secret()).unwrap();
    assert_ne!(sealed, again);
    assert!(!format!("{sealed:?}").contains(KEY));
    assert!(!sealed.as_bytes().windows(4).any(|window| window == &KEY.as_bytes()[..4]));
}

proptest! {
    #[test]
    fn what_is_sealed_opens(plain in prop::collection::vec(any::<u8>(), 0..300), version in any::<u32>(), row in any::<u128>()) {
        let origin = origin("http://[::1]:9102/prefix");
        let context = Context::ProviderKey {
            workspace: workspace(row),
            credential: CredentialId::from_uuid(Uuid::from_u128(!row)),
            provider: Provider::OpenAi,
            origin: &origin,
            version,
        };
        let dek = ring().new_dek(context.owner(), version).unwrap();
        let sealed = ring().seal(&dek, &context, &Secret::new(plain.clone())).unwrap();
        prop_assert_eq!(open(dek.as_bytes(), &context, sealed.as_bytes()), Ok(plain));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let with = |head: &[u8]| [head, &bytes].concat();
        for bytes in [bytes.clone(), with(b"OwnK\x01\x01"), with(b"OwnK\x01\x02")] {
            prop_assert!(open(&bytes, &PEPPER, &bytes).is_err());
        }
    }
}

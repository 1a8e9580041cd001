//! No bytes make the decoder of envelopes panic, and what was changed in any way does not open.

use std::sync::LazyLock;

use ownkey_vault::{Context, DekOwner, Keyring, Sealed, Secret, SystemPurpose, WrappedDek};

const PLAIN: &[u8] = b"sk-ant-api03-canary";
const CONTEXT: Context<'_> = Context::SystemKey { purpose: SystemPurpose::Pepper, version: 1 };

static RING: LazyLock<Keyring> =
    LazyLock::new(|| Keyring::parse("k:QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=").unwrap());
static DEK: LazyLock<WrappedDek> = LazyLock::new(|| RING.new_dek(DekOwner::System, 1).unwrap());
static SEALED: LazyLock<Sealed> = LazyLock::new(|| RING.seal(&DEK, &CONTEXT, &Secret::new(PLAIN.to_vec())).unwrap());

/// The input is an envelope as it is, and changes of two good ones.
pub fn target(input: &[u8]) {
    assert_eq!(opened(input, SEALED.as_bytes()), None);
    assert_eq!(opened(DEK.as_bytes(), input), None);
    for at in [0, 7, 8, 20] {
        // Good up to there, and then as it comes.
        let start = |good: &[u8]| [&good[..at], input].concat();
        assert_eq!(opened(&start(DEK.as_bytes()), SEALED.as_bytes()), None);
        assert_eq!(opened(DEK.as_bytes(), &start(SEALED.as_bytes())), None);
    }
    for (dek, sealed) in [(changed(DEK.as_bytes(), input), None), (DEK.as_bytes().to_vec(), Some(input))] {
        let sealed = sealed.map_or_else(|| SEALED.as_bytes().to_vec(), |input| changed(SEALED.as_bytes(), input));
        let is_good = dek == DEK.as_bytes() && sealed == SEALED.as_bytes();
        assert_eq!(opened(&dek, &sealed), is_good.then(|| PLAIN.to_vec()));
    }
}

/// Reads the bytes as the store would, and opens them.
fn opened(dek: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let dek = WrappedDek::from_bytes(dek.to_vec()).inspect(|read| assert_eq!(read.as_bytes(), dek));
    let sealed = Sealed::from_bytes(sealed.to_vec()).inspect(|read| assert_eq!(read.as_bytes(), sealed));
    let plain = RING.open(&dek.ok()?, &CONTEXT, &sealed.ok()?).ok()?;
    Some(plain.expose().to_vec())
}

/// By two bytes each: a place, and the bits to flip there. A last single byte is put behind.
fn changed(good: &[u8], by: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    let (pairs, rest) = by.as_chunks::<2>();
    for [at, bits] in pairs {
        let at = usize::from(*at) % bytes.len();
        bytes[at] ^= bits;
    }
    bytes.extend_from_slice(rest);
    bytes
}

#[test]
fn corpus() {
    crate::drive::corpus("envelope", target);
}

#[test]
fn random() {
    const PIECES: &[&str] =
        &["OwnK", "\u{1}", "\u{1}\u{1}", "\u{1}\u{2}", "\0", "\0\0\0\u{1}", "k", "0123456789abcdef0123456789abcdef"];
    crate::drive::random("envelope", target, crate::drive::CASES, crate::drive::soup(PIECES));
}

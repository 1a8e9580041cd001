//! Key rings are read or refused, and a refusal quotes nothing of the text but an id: the rest may be a secret.

use ownkey_vault::Keyring;

/// The text of a key ring.
pub fn target(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match Keyring::parse(&text) {
        Ok(ring) => {
            let ids: Vec<_> = ring.ids().cloned().collect();
            assert_eq!(ids.len(), text.split(',').count());
            assert_eq!(&ids[0], ring.active_id());
            for id in &ids {
                assert_eq!(ids.iter().filter(|other| *other == id).count(), 1);
                let value = ring.check_value(id).unwrap();
                assert!(ring.verify(id, &value).is_ok() && ring.verify(id, &value[1..]).is_err());
            }
        }
        // Ids are public, and have at most 32 characters.
        Err(error) => {
            let told = error.to_string();
            let is_quoted = |word: &str| word.len() > 32 && told.contains(word);
            assert!(!text.split([',', ':']).any(is_quoted), "{told}");
        }
    }
}

#[test]
fn corpus() {
    crate::drive::corpus("keyring", target);
}

#[test]
fn random() {
    const KEY: &str = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    const PIECES: &[&str] = &[KEY, KEY, "k:", "k2:", ",", " ", "\n", "=", "A", ":", "\u{e9}"];
    crate::drive::random("keyring", target, crate::drive::CASES, crate::drive::soup(PIECES));
}

//! Platform keys are stored as keyed hashes. They are random enough that a slow hash would only slow us down; the
//! pepper makes a copy of the database useless for trying keys.

use aws_lc_rs::hmac;

use crate::secret::Secret;

/// Which pepper a hash was made with: the version of the sealed pepper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PepperId(pub u32);

/// The stored form of a platform key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyHash {
    /// The pepper it was made with.
    pub pepper: PepperId,
    /// HMAC-SHA256 of the whole key.
    pub mac: [u8; 32],
}

/// Hashes platform keys and compares them.
pub struct PlatformKeyHasher {
    active: (PepperId, hmac::Key),
    older: Vec<(PepperId, hmac::Key)>,
}

impl PlatformKeyHasher {
    /// With the pepper that new hashes are made with.
    pub fn new(id: PepperId, pepper: &Secret) -> Self {
        Self { active: (id, key(pepper)), older: Vec::new() }
    }

    /// And one that older hashes were made with.
    #[must_use]
    pub fn with_older(mut self, id: PepperId, pepper: &Secret) -> Self {
        self.older.push((id, key(pepper)));
        self
    }

    /// The hash to store.
    pub fn hash(&self, platform_key: &[u8]) -> KeyHash {
        let (pepper, key) = &self.active;
        let mut mac = [0; 32];
        mac.copy_from_slice(hmac::sign(key, platform_key).as_ref());
        KeyHash { pepper: *pepper, mac }
    }

    /// Whether the key is the one that was hashed, in constant time. Under an unknown pepper nothing is; `knows`
    /// lets the start tell that apart.
    pub fn verify(&self, platform_key: &[u8], stored: &KeyHash) -> bool {
        self.key(stored.pepper).is_some_and(|key| hmac::verify(key, platform_key, &stored.mac).is_ok())
    }

    /// Whether hashes made with that pepper can be compared.
    pub fn knows(&self, pepper: PepperId) -> bool {
        self.key(pepper).is_some()
    }

    fn key(&self, id: PepperId) -> Option<&hmac::Key> {
        std::iter::once(&self.active).chain(&self.older).find(|(known, _)| *known == id).map(|(_, key)| key)
    }
}

fn key(pepper: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, pepper.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper(byte: u8) -> Secret {
        Secret::new(vec![byte; 32])
    }

    #[test]
    fn a_hash_is_of_one_key_and_one_pepper() {
        let old = PlatformKeyHasher::new(PepperId(1), &pepper(1));
        let hash = old.hash(b"ok_abc");
        assert!(old.verify(b"ok_abc", &hash));
        assert!(!old.verify(b"ok_abd", &hash));
        assert!(!old.verify(b"", &hash));

        let new = PlatformKeyHasher::new(PepperId(2), &pepper(2));
        assert!(!new.knows(PepperId(1)) && !new.verify(b"ok_abc", &hash));
        assert_ne!(new.hash(b"ok_abc").mac, hash.mac);
        let both = new.with_older(PepperId(1), &pepper(1));
        assert!(both.verify(b"ok_abc", &hash));
        assert_eq!(both.hash(b"ok_abc").pepper, PepperId(2));
    }

    #[test]
    fn the_mac_is_plain_hmac_sha256() {
        // RFC 4231, test case 2.
        let hash =
            PlatformKeyHasher::new(PepperId(1), &Secret::new(b"Jefe".to_vec())).hash(b"what do ya want for nothing?");
        let hex: String = hash.mac.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}

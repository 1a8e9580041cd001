//! Plaintext secrets. The types have no `Display`, `Debug`, `Serialize` or `Clone`, so that a secret can't reach a
//! log line, an answer or a second place by accident; whoever reads one has to write `expose`.

use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::random::random_bytes;

/// Bytes that nobody but their user may see; zeroed on drop.
///
/// Best effort: the allocator, TLS buffers and header values may keep copies that are not ours to wipe.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over; they are wiped with the secret.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// 32 random bytes: a pepper, a session key.
    pub fn random() -> Result<Self, VaultError> {
        let bytes = Zeroizing::new(random_bytes::<32>()?);
        Ok(Self::new(bytes.to_vec()))
    }

    /// The plaintext. Keep it no longer than needed, and never log it.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

/// A provider's key in clear.
pub struct ProviderKey(Secret);

impl ProviderKey {
    /// Takes a secret as a provider key; `None` if it can't be one because a header could not carry it.
    pub fn new(secret: Secret) -> Option<Self> {
        let printable = |b: &u8| b.is_ascii_graphic();
        let usable = !secret.expose().is_empty() && secret.expose().iter().all(printable);
        usable.then_some(Self(secret))
    }

    /// The key in clear, for the one header it goes into.
    pub fn expose_str(&self) -> &str {
        // `new` let only ASCII in, so the default is never taken.
        std::str::from_utf8(self.0.expose()).unwrap_or_default()
    }

    /// The key as something to seal.
    pub fn as_secret(&self) -> &Secret {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_key_fits_a_header() {
        let key = ProviderKey::new(Secret::from("sk-test-1".to_owned())).unwrap();
        assert_eq!(key.expose_str(), "sk-test-1");
        for text in ["", "a b", "a\nb", "clé"] {
            assert!(ProviderKey::new(Secret::from(text.to_owned())).is_none());
        }
    }
}

//! Randomness: besides the UUIDs of ids, the house has this one source.

use aws_lc_rs::rand;

use crate::error::VaultError;

/// So many unpredictable bytes.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_differ_each_time() {
        assert_ne!(random_bytes::<32>(), random_bytes::<32>());
    }
}

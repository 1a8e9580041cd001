//! Signatures by which a receiver knows who a message is from.

use aws_lc_rs::hmac;

use crate::secret::Secret;

/// HMAC-SHA256 over the parts, one behind the other.
pub fn sign(secret: &Secret, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.expose()));
    parts.iter().for_each(|part| context.update(part));
    let mut mac = [0; 32];
    mac.copy_from_slice(context.sign().as_ref());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_plain_hmac_sha256_of_the_whole() {
        // RFC 4231, test case 2.
        let mac = sign(&Secret::new(b"Jefe".to_vec()), &[b"what do ya ", b"want ", b"for nothing?"]);
        let hex: String = mac.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}

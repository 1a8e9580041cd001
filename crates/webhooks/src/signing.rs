//! Signatures in the form of Standard Webhooks: over the message's id, the time of the attempt and the body, so that a
//! receiver knows who it is from, and that it is not an old one sent again by somebody else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ownkey_domain::id::MessageId;
use ownkey_domain::time::Timestamp;
use ownkey_vault::{Secret, sign};
use zeroize::Zeroizing;

/// What every secret begins with when it is shown.
const SECRET_PREFIX: &str = "whsec_";
/// The version of the form of signatures.
const VERSION: &str = "v1";

/// A secret as its receiver is given it.
pub(crate) fn shown(secret: &Secret) -> Zeroizing<String> {
    let mut text = Zeroizing::new(SECRET_PREFIX.to_owned());
    STANDARD.encode_string(secret.expose(), &mut text);
    text
}

/// What goes with a message.
#[derive(Default)]
pub(crate) struct Signed {
    id: String,
    timestamp: String,
    signature: String,
}

impl Signed {
    /// Signs with each of the secrets.
    pub(crate) fn new(id: MessageId, at: Timestamp, body: &str, secrets: &[Secret]) -> Self {
        let (id, timestamp) = (id.to_string(), at.millis().div_euclid(1_000).to_string());
        let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body.as_bytes()];
        let signatures = secrets.iter().map(|secret| format!("{VERSION},{}", STANDARD.encode(sign(secret, &parts))));
        let signature = signatures.collect::<Vec<_>>().join(" ");
        Self { id, timestamp, signature }
    }

    /// The headers.
    pub(crate) fn headers(self) -> [(&'static str, String); 3] {
        [("webhook-id", self.id), ("webhook-timestamp", self.timestamp), ("webhook-signature", self.signature)]
    }
}

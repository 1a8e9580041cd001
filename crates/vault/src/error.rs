//! What can go wrong with sealed bytes.

use crate::kek::KekId;

/// Why something could not be sealed or opened. It says what an operator has to do and no more: which bytes
/// were wrong would only help someone who forges them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The data key is wrapped under a KEK that is not configured.
    #[error("the KEK `{0}` is not configured")]
    KekMissing(KekId),
    /// The configured KEK of that id is not the one the store was written with.
    #[error("the KEK `{0}` is not the one this store was made with")]
    KekWrong(KekId),
    /// Changed, cut, or moved away from where it was sealed.
    #[error("the sealed bytes are damaged or not where they belong")]
    Damaged,
    /// Written by a version of the format that this build does not know.
    #[error("the sealed bytes have a format or an algorithm this version does not know")]
    UnknownFormat,
    /// The cryptographic library failed, for instance for want of randomness.
    #[error("the cryptographic library failed")]
    Unavailable,
}

impl From<aws_lc_rs::error::Unspecified> for VaultError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Unavailable
    }
}

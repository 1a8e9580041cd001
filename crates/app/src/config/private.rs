//! Files that hold a key.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use zeroize::Zeroizing;

/// What is in a key file, named `what` in errors. A key that others on the machine can read is no secret.
pub fn read(path: &Path, what: &str) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let unreadable = || format!("cannot read the {what} {}", path.display());
    let metadata = std::fs::metadata(path).with_context(unreadable)?;
    if metadata.permissions().mode() & 0o077 != 0 {
        bail!("the {what} {} can be read by others: run `chmod 600` on it", path.display());
    }
    std::fs::read(path).map(Zeroizing::new).with_context(unreadable)
}

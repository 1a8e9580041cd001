//! `ownkey vault generate-kek`.

use ownkey_vault::Keyring;

/// Prints a new key-encryption key, and nothing else, so that it can be piped into a file.
pub fn run() -> anyhow::Result<()> {
    let text = Keyring::generate_kek_text()?;
    super::say(std::str::from_utf8(text.expose())?);
    Ok(())
}

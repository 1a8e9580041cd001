//! How a provider key comes in: from a prompt that does not show it, or from the standard input.

use std::io::{IsTerminal, Read};

use secrecy::SecretString;

use crate::failure::Failure;

/// No key comes near this; more is the wrong file.
const KEY_BYTES_MAX: u64 = 16 * 1024;

/// Asks for the key, or reads it to the end of what is piped in.
pub(crate) fn provider_key(provider: &str) -> Result<SecretString, Failure> {
    if std::io::stdin().is_terminal() {
        let prompt = format!("Key for {provider} (it is not shown): ");
        return rpassword::prompt_password(prompt).map(SecretString::from).map_err(Failure::Terminal);
    }
    let mut text = String::new();
    std::io::stdin().take(KEY_BYTES_MAX + 1).read_to_string(&mut text).map_err(Failure::Terminal)?;
    match u64::try_from(text.len()) {
        Ok(1..=KEY_BYTES_MAX) => Ok(text.into()),
        Ok(0) => Err(Failure::Usage("no key came on the standard input")),
        _ => Err(Failure::Usage("what came on the standard input is too long for a key")),
    }
}

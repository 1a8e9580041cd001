//! `ownkey init`: everything a first `serve` needs.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ownkey_domain::provider::Provider;
use ownkey_vault::{Keyring, Secret};

use super::say;

/// Where to write.
#[derive(clap::Args)]
pub struct Args {
    /// The folder to write into.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
}

const CONFIG: &str = "ownkey.toml";
/// Not in `data/`: a copy of the data folder must not hold the key to it.
const KEK: &str = "ownkey.kek";

/// Writes `ownkey.toml`, the KEK file and an operator token; refuses if one of the files is there.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let (config, kek) = (args.dir.join(CONFIG), args.dir.join(KEK));
    for path in [&config, &kek] {
        if path.exists() {
            bail!("{} is there already; nothing was written", path.display());
        }
    }
    std::fs::create_dir_all(&args.dir).with_context(|| format!("cannot make the folder {}", args.dir.display()))?;
    let text = Keyring::generate_kek_text()?;
    write_private(&kek, &[text.expose(), b"\n"].concat())?;
    let token = format!("op_{}", URL_SAFE_NO_PAD.encode(Secret::random()?.expose()));
    write_private(&config, template(&token).as_bytes())?;
    say(&format!("Wrote {} (with a new operator token) and {} (mode 0600).", config.display(), kek.display()));
    say("Keep a copy of the KEK file somewhere else than the database: without it no stored key can be opened.");
    let config = std::path::absolute(&config)?;
    say(&format!("Next: ownkey serve --config {}", for_a_shell(&config.display().to_string())));
    Ok(())
}

/// Creates a file that only its owner can read; never replaces one.
fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(path).with_context(|| format!("cannot create {}", path.display()))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(|| format!("cannot write {}", path.display()))
}

/// A text as one word of a command.
fn for_a_shell(text: &str) -> String {
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+".contains(c)) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn template(token: &str) -> String {
    let managed: String =
        Provider::ALL.iter().map(|provider| format!("# [providers.{provider}]\n# managed_key = \"…\"\n")).collect();
    format!(
        r#"# Ownkey. Every value can be overridden by the environment: OWNKEY_SERVER__LISTEN and so on.
# Relative paths start at the folder of this file.

[server]
listen = "127.0.0.1:8080"

[database]
url = "sqlite://data/ownkey.db"

[vault]
kek_file = "{KEK}"

[operator]
token = "{token}"

# The operator's own keys: with one, workspaces without a key of their own have managed access.
{managed}"#
    )
}

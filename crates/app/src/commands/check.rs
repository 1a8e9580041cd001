//! `ownkey check`: what is wrong, before a start finds out.

use std::path::PathBuf;

use anyhow::{Context, bail};
use ownkey_store::{AuditCheck, Store, StoreConfig};
use ownkey_vault::{Keyring, Origin};

use super::say;
use crate::config::services::without_credential;
use crate::config::{self, Settings};
use crate::keeper::{Keeper, OpenStore};
use crate::vaulting::{self, SystemKeys};

/// What to check.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file (default: ownkey.toml, if there is one).
    #[arg(long)]
    config: Option<PathBuf>,
    /// After a restore: mark all provider keys as to be tested, and list open holds. The server must be stopped.
    #[arg(long)]
    after_restore: bool,
}

/// Provider keys read at a time.
const KEYS_AT_A_TIME: u32 = 500;
/// Workspaces listed at a time.
const LOGS_AT_A_TIME: u32 = 500;
/// Holds that are listed; more than these are counted.
const HOLDS_SHOWN: u32 = 100;

/// Validates configuration, vault and store. It changes nothing, and may run beside a server, unless it is told that
/// the store was restored.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let settings = config::load(args.config.as_deref(), config::our_variables(std::env::vars_os())?)?;
    say("configuration: ok");
    for name in &settings.without_effect {
        say(&format!("warning: {name} has no effect: it names no section and field as OWNKEY_SERVER__LISTEN does"));
    }
    for service in without_credential(&settings.services) {
        say(&format!("warning: the service {service} can't be called: the credential that it names is not set"));
    }
    if settings.operator.tokens.is_empty() {
        say("configuration: no operator token, so nobody can make workspaces; `ownkey init` writes one");
    }
    if let Some(tls) = &settings.server.tls {
        tls.identity()?;
        say("TLS: ok");
    }
    let keyring = settings.vault.keyring()?;
    say(&format!("vault: ok, active KEK {}", keyring.active_id()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        if args.after_restore {
            after_restore(&settings).await?;
        }
        let config = StoreConfig::new(&settings.database.url);
        let Some(store) = vaulting::look(&keyring, &config).await? else {
            say("store: none yet; `ownkey serve` will make it");
            return Ok(());
        };
        say("store: ok");
        let checked = (audit_logs(&keyring, &store).await, keys(&settings, &keyring, &store).await);
        store.close().await;
        match checked {
            (Err(logs), Err(keys)) => bail!("{logs:#}; {keys:#}"),
            (logs, keys) => logs.and(keys),
        }
    })
}

/// Whether each audit log is as it was written.
async fn audit_logs(keyring: &Keyring, store: &Store) -> anyhow::Result<()> {
    let mac = match SystemKeys::look(store).await? {
        Some(keys) => keys.look_at_audit_mac(keyring, store).await?,
        None => None,
    };
    let Some(mac) = mac else {
        if store.audited(None, 1).await?.is_empty() {
            say("audit logs: none yet");
            return Ok(());
        }
        bail!("the audit logs can't be verified: the key that signs them is gone from the store");
    };
    store.set_audit_mac(mac);
    let (mut logs, mut events, mut broken) = (0_u64, 0_u64, 0_u64);
    // The operator's own log first.
    let mut some = vec![None];
    while let Some(&last) = some.last() {
        for of in some {
            logs += 1;
            match store.audit_verify(of).await? {
                AuditCheck::Intact(kept) => events += kept,
                AuditCheck::Broken(from) => {
                    broken += 1;
                    let whose = of.map_or("the operator".to_owned(), |workspace| workspace.to_string());
                    say(&format!("audit log of {whose}: not as it was written from event {from} on"));
                }
            }
        }
        some = store.audited(last, LOGS_AT_A_TIME).await?.into_iter().map(Some).collect();
    }
    if broken == 0 {
        say(&format!("audit logs: ok, {events} events in {logs} logs"));
        return Ok(());
    }
    bail!(
        "{broken} of {logs} audit logs are not as they were written: somebody changed the database past Ownkey, or it is \
         damaged; compare with a backup (restored to another place, `ownkey check` tells whether the logs in it are whole)"
    )
}

/// Whether each key opens and may be sent where it is bound to.
async fn keys(settings: &Settings, keyring: &Keyring, store: &Store) -> anyhow::Result<()> {
    let (mut total, mut unreadable, mut homeless) = (0_u64, 0_u64, 0_u64);
    let mut after = None;
    loop {
        let found = store.sealed_credentials(after, KEYS_AT_A_TIME).await?;
        let Some(last) = found.last() else { break };
        after = Some(last.stored.id);
        for held in &found {
            total += 1;
            let opened = held.stored.provider.filter(|_| ownkey_control::operator::opens(keyring, held));
            let Some(provider) = opened else {
                unreadable += 1;
                say(&format!("provider key {} of {}: can't be opened", held.stored.id, held.workspace));
                continue;
            };
            let mut urls = settings.providers.of(provider).urls();
            if !urls.any(|url| Origin::of_url(url).is_ok_and(|origin| origin.to_string() == held.stored.origin)) {
                homeless += 1;
                say(&format!(
                    "provider key {} of {}: bound to {}, which is not configured",
                    held.stored.id, held.workspace, held.stored.origin
                ));
            }
        }
    }
    if unreadable + homeless == 0 {
        say(&format!("provider keys: ok, {total}"));
        return Ok(());
    }
    bail!(
        "{unreadable} of {total} provider keys can't be opened (their workspaces must paste them again) and {homeless} \
         are bound to an address that is not configured (configure it, or `ownkey vault rebind`)"
    )
}

async fn after_restore(settings: &Settings) -> anyhow::Result<()> {
    let Keeper::Us(open) = Keeper::find(settings).await? else { bail!("the store is in use: stop the server first") };
    let doubted = open.store.doubt_credentials(OpenStore::by()).await.context("the keys could not be marked")?;
    say(&format!("provider keys: {doubted} marked as to be tested; keys that were removed after the backup are back"));
    let holds = open.store.open_holds(HOLDS_SHOWN).await?;
    say(&format!("open holds: {}", holds.len()));
    for hold in holds {
        let legs = hold.legs.iter().map(|leg| format!("{} {}", leg.amount, leg.account.asset().as_str()));
        let what = legs.collect::<Vec<_>>().join(", ");
        say(&format!("  {} {} {what} since {}", hold.workspace, hold.request, hold.since));
    }
    open.store.close().await;
    Ok(())
}

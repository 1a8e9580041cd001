//! SIGHUP: configuration, KEKs and the TLS certificate are read again. What is not valid changes nothing.

use std::sync::Arc;

use anyhow::Context;
use ownkey_gateway::edge::Identity;
use tokio::signal::unix::Signal;
use tokio::sync::watch;

use crate::config::{Settings, Tls};
use crate::server::Current;
use crate::vaulting;
use crate::wiring::{Lasting, assemble};

/// Reads the configuration again from where it came.
pub type Reread = Box<dyn Fn() -> anyhow::Result<Settings> + Send + Sync>;

/// What it takes to change a running server.
pub struct Reload {
    /// Reads the configuration.
    pub reread: Reread,
    /// What stays.
    pub lasting: Lasting,
    /// What is replaced.
    pub current: Arc<Current>,
    /// Where the listener's identity is replaced, if it has one.
    pub shown: Option<watch::Sender<Identity>>,
    /// The configuration of the start.
    pub started: Settings,
}

impl Reload {
    /// Reloads whenever the signal comes.
    pub async fn at_each(self, mut signal: Signal) {
        while signal.recv().await.is_some() {
            match self.reload().await {
                Ok(active) => tracing::info!(%active, "the configuration was read again; the active KEK is"),
                // Configuration errors name places, not values.
                Err(error) => {
                    tracing::error!(
                        "the configuration was read again and is not valid; nothing was changed: {error:#}"
                    );
                }
            }
        }
    }

    /// Returns the id of the active KEK.
    async fn reload(&self) -> anyhow::Result<String> {
        let settings = (self.reread)()?;
        let keyring = settings.vault.keyring()?;
        let identity = settings.server.tls.as_ref().map(Tls::identity).transpose()?;
        let active = keyring.active_id().to_string();
        let store = &self.lasting.store;
        vaulting::record_keks(&keyring, store).await?;
        let server = assemble(&settings, keyring, &self.lasting).await.context("the parts can't be put together")?;
        // Data keys that are remembered may be wrapped under a KEK that is gone now. Those read again are not: every
        // row has just been looked at.
        self.lasting.directory.forget_all();
        self.current.replace(server);
        if let (Some(shown), Some(identity)) = (&self.shown, identity) {
            shown.send_replace(identity);
        }
        for name in self.started.needs_restart(&settings) {
            tracing::warn!(setting = name, "this setting takes effect at the next start only");
        }
        Ok(active)
    }
}

//! Webhooks for as long as the process lives, whatever configurations it reads meanwhile.

use std::sync::Arc;
use std::time::Duration;

use ownkey_control::Throttle;
use ownkey_store::Store;
use ownkey_vault::Keyring;
use ownkey_webhooks::{Metrics, Parts, Slots, Webhooks, keep_sending};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock;
use crate::config::webhooks::Webhooks as Configured;

/// How long messages that are under way may take at the end. One that is not waited for is sent again.
const GRACE: Duration = Duration::from_secs(15);
/// Messages that a workspace may ask for by hand in a minute.
const ASKED_PER_MINUTE: usize = 10;

/// What sends.
#[derive(Clone)]
pub struct Sending {
    metrics: Arc<Metrics>,
    slots: Arc<Slots>,
    /// The webhooks as the configuration last read makes them; none before it is read.
    current: watch::Sender<Option<Arc<Webhooks>>>,
    /// How often people ask for messages.
    pub asked: Arc<Throttle>,
}

impl Sending {
    /// Sends nothing yet.
    pub fn new() -> Self {
        let asked = Arc::new(Throttle::new(ASKED_PER_MINUTE));
        Self { metrics: Arc::default(), slots: Arc::default(), current: watch::Sender::new(None), asked }
    }

    /// The webhooks of a configuration.
    pub fn assemble(&self, configured: &Configured, store: &Store, keyring: &Arc<Keyring>) -> anyhow::Result<Webhooks> {
        Ok(Webhooks::new(Parts {
            store: store.clone(),
            keyring: Arc::clone(keyring),
            networks: configured.networks.clone(),
            timeout: configured.timeout,
            slots: Arc::clone(&self.slots),
            metrics: Arc::clone(&self.metrics),
            clock: clock::now,
        })?)
    }

    /// From now on by that configuration.
    pub fn go_by(&self, webhooks: Arc<Webhooks>) {
        self.current.send_replace(Some(webhooks));
    }

    /// Begins to send.
    pub fn start(&self) -> JoinHandle<()> {
        tokio::spawn(keep_sending(self.current.subscribe()))
    }

    /// Ends, once what is under way has ended.
    pub async fn end(&self, task: &JoinHandle<()>) {
        task.abort();
        if tokio::time::timeout(GRACE, self.slots.rest()).await.is_err() {
            tracing::warn!("the receiver of a webhook did not answer in time; it is sent the message again");
        }
    }

    /// What is counted, in the Prometheus text format.
    pub fn render(&self, text: &mut String) {
        self.metrics.render(text);
    }
}

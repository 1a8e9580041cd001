//! What all calls are made with, of models, of services and over connections alike.

use std::sync::Arc;

use ownkey_domain::id::RequestId;
use ownkey_domain::time::Timestamp;
use ownkey_vault::PlatformKeyHasher;
use tokio::sync::watch;

use crate::client::Client;
use crate::directory::Directory;
use crate::ledger::Ledger;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::rates::Rates;
use crate::read::BodyRoom;

/// What the three ways of a call share.
#[derive(Clone)]
pub struct Plane {
    /// Callers and sealed keys.
    pub directory: Arc<Directory>,
    /// Compares platform keys.
    pub hasher: Arc<PlatformKeyHasher>,
    /// Reaches providers, services and hosts.
    pub client: Client,
    /// Moves money and takes receipts.
    pub ledger: Arc<dyn Ledger>,
    /// Quotas of keys and workspaces.
    pub rates: Arc<Rates>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Ends every call, streams with an error event. Planes that follow each other share it.
    pub cut_off: watch::Sender<bool>,
    /// The memory of all request bodies, shared likewise.
    pub body_room: BodyRoom,
    /// Bounds and time-outs.
    pub limits: Limits,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
    /// Makes the id of a call that came then.
    pub new_id: fn(Timestamp) -> RequestId,
}

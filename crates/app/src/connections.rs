//! The data plane's source of tokens: the connections of the store, and the hosts of the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use ownkey_connections::{Connections, Fresh, NoToken};
use ownkey_domain::id::{ConnectionId, WorkspaceId};
use ownkey_gateway::connections::{Grant, NotGranted, Tokens};

use crate::config::connections::Hosts;

/// Tokens with where they may go.
pub struct HostTokens {
    /// Gives tokens.
    pub connections: Arc<Connections>,
    /// Where they may go, by provider.
    pub hosts: Arc<BTreeMap<String, Hosts>>,
}

impl Tokens for HostTokens {
    fn grant<'a>(
        &'a self,
        workspace: WorkspaceId,
        connection: ConnectionId,
        host: &'a str,
    ) -> BoxFuture<'a, Result<Grant, NotGranted>> {
        Box::pin(async move {
            let fresh = self.connections.fresh(workspace, connection).await;
            self.grant_of(fresh.map_err(not_granted)?, host)
        })
    }

    fn renewed<'a>(
        &'a self,
        workspace: WorkspaceId,
        connection: ConnectionId,
        host: &'a str,
        refused: u32,
    ) -> BoxFuture<'a, Result<Grant, NotGranted>> {
        Box::pin(async move {
            let fresh = self.connections.renewed(workspace, connection, refused).await;
            self.grant_of(fresh.map_err(not_granted)?, host)
        })
    }
}

impl HostTokens {
    fn grant_of(&self, fresh: Fresh, host: &str) -> Result<Grant, NotGranted> {
        let hosts = self.hosts.get(&fresh.provider);
        let named = hosts.and_then(|hosts| hosts.get(&host.to_ascii_lowercase()));
        let others = || NotGranted::OtherHost(hosts.into_iter().flat_map(|hosts| hosts.keys().cloned()).collect());
        let base = named.ok_or_else(others)?.clone();
        Ok(Grant { token: fresh.access, generation: fresh.generation, base })
    }
}

fn not_granted(why: NoToken) -> NotGranted {
    match why {
        NoToken::NotFound => NotGranted::NotFound,
        NoToken::NeedsReauth => NotGranted::NeedsReauth,
        NoToken::NotRefreshed => NotGranted::NotRefreshed,
        NoToken::Sealed => NotGranted::Sealed,
        NoToken::Store(error) => {
            tracing::error!(%error, "connections can't be looked up");
            NotGranted::Away
        }
    }
}

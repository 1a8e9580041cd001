use std::time::Duration;

use ownkey_domain::scope::Scope;
use tokio::time::timeout;
use uuid::Uuid;

use super::*;

/// Has every workspace, and every platform key while that is so.
struct Everyone(Arc<std::sync::atomic::AtomicBool>);

impl Source for Everyone {
    fn workspace_named<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<WorkspaceId>, SourceError>> {
        Box::pin(async { Ok(None) })
    }

    fn platform_key(&self, lookup: LookupId) -> BoxFuture<'_, Result<Option<PlatformKey>, SourceError>> {
        let found = self.0.load(Ordering::SeqCst).then(|| key(lookup));
        Box::pin(async move { Ok(found) })
    }

    fn workspace(&self, id: WorkspaceId) -> BoxFuture<'_, Result<Option<Workspace>, SourceError>> {
        Box::pin(async move { Ok(Some(workspace(id))) })
    }
}

//! Receipts, as people read them. They are written by the takeover of the journal only.

use ownkey_domain::id::{ApiKeyId, RequestId, WorkspaceId};
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::time::Timestamp;

use crate::{Page, Result, Store, StoreError};

/// Which receipts to show; what is absent does not matter.
#[derive(Debug, Clone, Default)]
pub struct ReceiptFilter {
    /// Who paid.
    pub payer: Option<PayerKind>,
    /// The model asked for.
    pub model: Option<String>,
    /// The platform key.
    pub api_key: Option<ApiKeyId>,
    /// What the caller saw.
    pub status: Option<StatusClass>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

/// A range of statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusClass {
    /// 200 to 299.
    Success,
    /// 400 to 499.
    ClientError,
    /// 500 and above.
    ServerError,
    /// The caller left before any status.
    Unanswered,
}

impl Store {
    /// Receipts of a workspace, older than `before` if given.
    pub async fn receipts(
        &self,
        workspace: WorkspaceId,
        filter: &ReceiptFilter,
        before: Option<RequestId>,
        limit: u32,
    ) -> Result<Page<Receipt>> {
        let _ = (workspace, filter, before, limit);
        Err(StoreError::BadUrl)
    }

    /// A receipt of the workspace.
    pub async fn receipt(&self, workspace: WorkspaceId, id: RequestId) -> Result<Option<Receipt>> {
        let _ = (workspace, id);
        Err(StoreError::BadUrl)
    }
}

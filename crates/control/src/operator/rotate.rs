//! KEK rotation: every data key is wrapped anew under the active KEK, some at a time.
//!
//! There is no job and no state: a step takes the data keys behind a place, and whoever asks for it comes back with
//! the next place. Wherever it ends, by a crash of either side, each row opens under one of the two KEKs, and doing
//! it again does what is left.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::id::WorkspaceId;
use ownkey_store::{By, Rewrap, Store};
use ownkey_vault::{DekOwner, Keyring, VaultError, WrappedDek};
use serde::{Deserialize, Serialize};

use crate::auth::Access;
use crate::body::JsonBody;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// Data keys in one step, which is one transaction: calls and mutations go on between two.
const STEP: u32 = 64;

/// Where to go on.
#[expect(dead_code, reason = "says in OpenAPI what is read")]
#[derive(utoipa::ToSchema)]
pub(crate) struct RotateInput {
    /// The `next` of the step before; absent in the first.
    after: Option<String>,
}

/// What one step did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rotated {
    /// The active KEK, under which they are wrapped now.
    pub kek: String,
    /// All data keys there are: one per workspace and the system's.
    pub total: u64,
    /// Those this step looked at.
    pub seen: u64,
    /// Those it wrapped anew.
    pub rewrapped: u64,
    /// Those that no configured KEK opens. They stay as they are.
    pub unreadable: u64,
    /// Where the next step goes on; null after the last.
    pub next: Option<String>,
}

/// Wraps the next data keys under the active KEK. Call it with `next` until that is null.
#[utoipa::path(
    post,
    path = "/api/v1/operator/vault/rotate",
    operation_id = "rotate_kek",
    tag = "operator",
    request_body = RotateInput,
    responses(
        (status = 200, body = Rotated),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn rotate(
    State(control): State<Arc<Control>>,
    access: Access,
    body: JsonBody,
) -> Result<Json<Rotated>, Problem> {
    let mut members = body.members()?;
    let after: Option<WorkspaceId> = members.optional("after", "the `next` of the step before")?;
    members.finish()?;
    let by = control.by(&access.who);
    Ok(Json(rotate_step(control.store(), &control.parts.keyring, after, by).await?))
}

/// One step: the data keys behind that workspace's, or the first ones with the system's.
pub async fn rotate_step(
    store: &Store,
    keyring: &Keyring,
    after: Option<WorkspaceId>,
    by: By,
) -> ownkey_store::Result<Rotated> {
    let mut batch = Batch { keyring, rewraps: Vec::new(), seen: 0, unreadable: 0 };
    if after.is_none()
        && let Some(dek) = store.system_dek().await?
    {
        batch.take(None, dek.wrapped);
    }
    let deks = store.workspace_deks(after, STEP).await?;
    let more = deks.len() == usize::try_from(STEP).unwrap_or(usize::MAX);
    let next = deks.last().filter(|_| more).map(|last| last.workspace.to_string());
    for found in deks {
        batch.take(Some(found.workspace), found.dek.wrapped);
    }
    let kek = keyring.active_id().as_str();
    let rewrapped = if batch.rewraps.is_empty() { 0 } else { store.rewrap(kek, &batch.rewraps, by).await? };
    let total = store.workspace_dek_count().await?.saturating_add(1);
    Ok(Rotated { kek: kek.to_owned(), total, seen: batch.seen, rewrapped, unreadable: batch.unreadable, next })
}

struct Batch<'k> {
    keyring: &'k Keyring,
    rewraps: Vec<Rewrap>,
    seen: u64,
    unreadable: u64,
}

impl Batch<'_> {
    fn take(&mut self, workspace: Option<WorkspaceId>, from: Vec<u8>) {
        self.seen += 1;
        let owner = workspace.map_or(DekOwner::System, DekOwner::Workspace);
        match self.rewrapped(owner, &from) {
            Ok(Some(to)) => self.rewraps.push(Rewrap { workspace, from, to }),
            Ok(None) => {}
            Err(error) => {
                self.unreadable += 1;
                let whose = workspace.map_or_else(|| "the system".to_owned(), |id| id.to_string());
                tracing::error!(whose, %error, "a data key can't be wrapped anew");
            }
        }
    }

    /// `None` if it is wrapped under the active KEK already.
    fn rewrapped(&self, owner: DekOwner, from: &[u8]) -> Result<Option<Vec<u8>>, VaultError> {
        let dek = WrappedDek::from_bytes(from.to_vec())?;
        if dek.kek_id() == self.keyring.active_id() {
            return Ok(None);
        }
        self.keyring.rewrap(&dek, owner).map(|new| Some(new.as_bytes().to_vec()))
    }
}

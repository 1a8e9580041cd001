//! Invitations that nobody has accepted yet. Their links are not shown again.

use ownkey_domain::id::InviteId;
use ownkey_domain::person::{Mail, Role};
use ownkey_domain::time::Timestamp;
use ownkey_store::Invitation;
use serde::Serialize;

pub(crate) mod cancel;
pub(crate) mod list;

/// An open invitation as the API shows it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Invitation)]
pub(crate) struct InvitationView {
    /// Its id.
    #[schema(value_type = String)]
    id: InviteId,
    /// Who is invited.
    #[schema(value_type = String)]
    mail: Mail,
    /// What he will be: `viewer`, `member`, `admin` or `owner`.
    #[schema(value_type = String)]
    role: Role,
    /// Who made it.
    created_by: String,
    /// When.
    #[schema(value_type = String)]
    created_at: Timestamp,
    /// Until when its link works.
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        let Invitation { id, mail, role, created_by, created_at, expires_at } = invitation;
        Self { id, mail, role, created_by, created_at, expires_at }
    }
}

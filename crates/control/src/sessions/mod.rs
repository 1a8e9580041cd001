//! Sessions: people who are signed in.

use axum::Json;
use axum::response::AppendHeaders;
use http::HeaderValue;
use http::header::SET_COOKIE;
use ownkey_domain::id::{SessionId, UserId, WorkspaceId};
use ownkey_domain::person::{Mail, Role};
use ownkey_domain::time::Timestamp;
use ownkey_store::{Account, Membership, NewSession, Session, User};
use serde::Serialize;

use crate::control::Control;
use crate::cookie;
use crate::problem::Problem;
use crate::rights::TABLE;
use crate::visitor::Browser;

pub(crate) mod begin;
pub(crate) mod current;
pub(crate) mod end;
pub(crate) mod list;
pub(crate) mod password;

/// How long somebody stays signed in at most. (Who does not come for a week is signed out.)
const LASTS_S: i64 = 30 * 24 * 3600;

/// Who is signed in, and what he may.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView {
    /// The person.
    user: UserView,
    /// When he is signed out at the latest.
    #[schema(value_type = String)]
    expires_at: Timestamp,
    /// What pages call things.
    product: ProductView,
    /// What he may do whatever the workspace: routes of this API, such as `GET /api/v1/plans`.
    permissions: Vec<String>,
    /// The workspaces that he is a member of.
    workspaces: Vec<SessionWorkspace>,
}

/// A person as he sees himself.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = User)]
struct UserView {
    /// His id.
    #[schema(value_type = String)]
    id: UserId,
    /// What he signs in with.
    #[schema(value_type = String)]
    mail: Mail,
    /// What others call him.
    name: String,
    /// Whether he runs this installation.
    is_operator: bool,
}

/// The product's own words.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Product)]
struct ProductView {
    /// Its name.
    name: String,
}

/// A workspace of the person who is signed in.
#[derive(Serialize, utoipa::ToSchema)]
struct SessionWorkspace {
    /// Its id.
    #[schema(value_type = String)]
    id: WorkspaceId,
    /// Its name.
    name: String,
    /// The id of its plan.
    plan: String,
    /// What he is there: `viewer`, `member`, `admin` or `owner`.
    #[schema(value_type = String)]
    role: Role,
    /// What he may do there: routes of this API, such as `PUT /api/v1/workspaces/{ws}/policy`.
    permissions: Vec<String>,
}

impl SessionView {
    async fn of(control: &Control, user: &User, expires_at: Timestamp) -> Result<Self, Problem> {
        let workspaces = control.store().memberships(user.id).await?;
        let workspace = |Membership { workspace, name, plan, role }| SessionWorkspace {
            id: workspace,
            name,
            plan,
            role,
            permissions: permissions(user, Some(role)),
        };
        Ok(Self {
            expires_at,
            product: ProductView { name: control.parts.product_name.clone() },
            permissions: permissions(user, None),
            workspaces: workspaces.into_iter().map(workspace).collect(),
            user: UserView {
                id: user.id,
                mail: user.mail.clone(),
                name: user.name.clone(),
                is_operator: user.is_operator,
            },
        })
    }
}

/// What the table of rights lets a person do: in a workspace where he has that role, or else everywhere.
fn permissions(user: &User, role: Option<Role>) -> Vec<String> {
    let here = |right: &&crate::rights::Right| role.is_none() || right.is_in_workspace();
    let may = |right: &&crate::rights::Right| !right.public && right.allows_person(role, user.is_operator);
    TABLE.iter().filter(here).filter(may).map(crate::rights::Right::name).collect()
}

/// An answer that signs somebody in.
pub(crate) type SignedIn = (AppendHeaders<[(http::HeaderName, HeaderValue); 1]>, Json<SessionView>);

/// Begins a session under a new token.
pub(crate) async fn sign_in(control: &Control, account: &Account, browser: Browser) -> Result<SignedIn, Problem> {
    let (header, expires_at) = begun(control, account, browser).await?;
    Ok((header, Json(SessionView::of(control, &account.user, expires_at).await?)))
}

/// The header that hands a new session to the browser, and when that ends.
pub(crate) async fn begun(
    control: &Control,
    account: &Account,
    browser: Browser,
) -> Result<(AppendHeaders<[(http::HeaderName, HeaderValue); 1]>, Timestamp), Problem> {
    let (minted, by) = (control.parts.tokens.mint()?, control.by_user(account.user.id));
    let new = NewSession {
        id: SessionId::from_uuid(control.fresh_id()?),
        hash: minted.hash,
        user: account.user.id,
        epoch: account.epoch,
        expires_at: by.at.plus_millis(LASTS_S * 1000),
        user_agent: browser.0,
    };
    if !control.store().begin_session(&new, by).await? {
        // Somebody changed the password in this very moment.
        return Err(Problem::conflict("The account was changed meanwhile. Sign in again."));
    }
    Ok((AppendHeaders([(SET_COOKIE, cookie::set(&minted.text, LASTS_S)?)]), new.expires_at))
}

/// A session as its person sees it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SessionItem)]
pub(crate) struct SessionItem {
    /// Its id.
    #[schema(value_type = String)]
    id: SessionId,
    /// What the browser calls itself.
    user_agent: String,
    /// When it began.
    #[schema(value_type = String)]
    created_at: Timestamp,
    /// When it was last used, to a few minutes.
    #[schema(value_type = String)]
    last_seen_at: Timestamp,
    /// When it ends at the latest.
    #[schema(value_type = String)]
    expires_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionItem {
    fn of(session: Session, current: SessionId) -> Self {
        let Session { id, user_agent, created_at, seen_at, expires_at, .. } = session;
        Self { id, user_agent, created_at, last_seen_at: seen_at, expires_at, current: id == current }
    }
}

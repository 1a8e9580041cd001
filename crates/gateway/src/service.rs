//! Service keys: the operator's own, which name the workspace that each call is made for.

use http::HeaderMap;
use ownkey_domain::caller::PlatformKey;
use ownkey_domain::id::WorkspaceId;
use ownkey_domain::scope::Scope;
use ownkey_providers::stray::may_hold_key;

use crate::call::Call;
use crate::directory::Directory;
use crate::error::Error;

const WORKSPACE: &str = "x-ownkey-workspace";
/// The agent that a service key's call is made for.
pub const AGENT: &str = "x-ownkey-agent";
/// The product's user that a service key's call is made for.
pub const USER: &str = "x-ownkey-user";
/// Longest name of an agent, longest id that a product gives a workspace or a user.
const NAME_BYTES_MAX: usize = 200;

/// Turns a call by a service key into one of the workspace that it names. Calls by other keys stay where they are.
pub async fn act_for(call: &mut Call, headers: &HeaderMap, directory: &Directory) -> Result<(), Error> {
    if !call.caller.may(Scope::InferenceAny) {
        return Ok(());
    }
    let workspace = workspace_of(&call.caller, headers, directory).await?;
    let (agent, user) = (recorded(headers, AGENT)?, recorded(headers, USER)?);
    call.workspace = workspace;
    call.receipt.note(|receipt| {
        receipt.workspace = workspace;
        receipt.agent = agent;
        receipt.user = user;
    });
    Ok(())
}

/// The workspace that a key's call is for: its own, or the one that a service key's call names.
pub async fn workspace_of(key: &PlatformKey, headers: &HeaderMap, directory: &Directory) -> Result<WorkspaceId, Error> {
    if !key.may(Scope::InferenceAny) {
        return Ok(key.workspace);
    }
    let named = name(headers, WORKSPACE)?.ok_or_else(|| {
        Error::bad_request("A service key's call must name its workspace: `x-ownkey-workspace: ws_…` or `ext:…`.")
    })?;
    workspace(named, directory).await
}

async fn workspace(named: &str, directory: &Directory) -> Result<WorkspaceId, Error> {
    let unknown = || Error::bad_request("The header x-ownkey-workspace names no workspace.");
    let unreadable = |error| {
        tracing::error!(error = &error as &dyn std::error::Error, "workspaces can't be looked up");
        Error::overloaded("The workspace cannot be looked up at the moment. Try again shortly.")
    };
    match named.strip_prefix("ext:") {
        Some(external) => directory.workspace_named(external).await.map_err(unreadable)?.ok_or_else(unknown),
        None => {
            let id = named.parse().map_err(|_| unknown())?;
            let found = directory.workspace(id).await.map_err(unreadable)?;
            found.map(|_| id).ok_or_else(unknown)
        }
    }
}

/// A name that stays on the receipt, where many may read it.
pub fn recorded(headers: &HeaderMap, header: &str) -> Result<Option<String>, Error> {
    let name = name(headers, header)?;
    if name.is_some_and(may_hold_key) {
        return Err(Error::bad_request(format!(
            "The header {header} holds what looks like a key. It is recorded and shown, so it must be a name."
        )));
    }
    Ok(name.map(str::to_owned))
}

/// A header that is there once at most and holds a short name.
fn name<'a>(headers: &'a HeaderMap, header: &str) -> Result<Option<&'a str>, Error> {
    let mut values = headers.get_all(header).iter();
    let first = values.next();
    let bad = || Error::bad_request(format!("The header {header} must be there once, with up to 200 bytes of text."));
    if values.next().is_some() {
        return Err(bad());
    }
    let Some(value) = first else { return Ok(None) };
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| bad())?.trim();
    let fine = (1..=NAME_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if fine { Ok(Some(text)) } else { Err(bad()) }
}

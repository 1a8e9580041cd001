//! Managed access in place of an own key that failed: only with the workspace's consent, for the failures and up to the
//! cap that it named, and before anything of an answer went to the caller.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use ownkey_domain::payer::Payer;
use ownkey_domain::plan::Managed;
use ownkey_domain::policy::FallbackClass;

use crate::decide::{Asked, Decision, Grounds, offer};
use crate::directory::{Generation, Workspace};
use crate::error::Error;

/// With it a caller says that his call must not fall back.
const FALLBACK: HeaderName = HeaderName::from_static("x-ownkey-fallback");

/// Whether the caller allows what his workspace consents to.
pub fn is_allowed(headers: &HeaderMap) -> Result<bool, Error> {
    let mut values = headers.get_all(FALLBACK).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(true),
        (Some(value), None) if value.as_bytes().eq_ignore_ascii_case(b"never") => Ok(false),
        _ => Err(Error::bad_request("The header x-ownkey-fallback may only say `never`.")),
    }
}

/// What the workspace consents to, should its own key fail at such a call: after which failures managed access steps
/// in. None for a call that goes out on managed access anyway.
pub fn consents(grounds: &Grounds<'_>, asked: &Asked<'_>, workspace: &Workspace) -> Vec<FallbackClass> {
    let stepping_in = |failure| stand_in(grounds, asked, workspace, failure).is_some();
    workspace.fallback.on.iter().copied().filter(|failure| stepping_in(*failure)).collect()
}

/// Decides anew after a failure of the own key. An error if nobody steps in: the workspace consents no longer.
pub fn decide<'a>(
    grounds: &Grounds<'a>,
    asked: &Asked<'a>,
    (workspace, since): (Arc<Workspace>, Generation),
    failure: FallbackClass,
) -> Result<Decision<'a>, Error> {
    let nobody = || Error::overloaded("The workspace no longer consents to a fallback.");
    let payer = stand_in(grounds, asked, &workspace, failure).ok_or_else(nobody)?;
    let upstream = grounds.upstream(asked.provider).ok_or_else(nobody)?;
    Ok(Decision {
        fallback: Some(failure),
        output_limit: grounds.plan.output_limit,
        plan: grounds.plan,
        included: grounds.plan.managed == Managed::Included,
        managed_key: upstream.managed_key.as_ref(),
        model: asked.named.as_ref().map(|named| named.upstream_name),
        payer,
        provider: asked.provider,
        base: upstream.bases.first().ok_or_else(nobody)?,
        workspace,
        since,
    })
}

fn stand_in(grounds: &Grounds<'_>, asked: &Asked<'_>, workspace: &Workspace, failure: FallbackClass) -> Option<Payer> {
    if asked.payer.is_some() {
        return None;
    }
    let offer = offer(grounds, asked, grounds.upstream(asked.provider)?, workspace);
    let consent = (&workspace.fallback, failure);
    grounds.standing(workspace).step_in(grounds.catalogue, asked.named.as_ref(), &offer, consent)
}

//! What a managed call names of what the operator's account keeps: responses that the workspace made there itself, and
//! nothing else.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use ownkey_domain::id::WorkspaceId;
use ownkey_domain::provider::Provider;
use ownkey_domain::response::{ChainTokens, ResponseId};
use ownkey_providers::peek::Previous;
use ownkey_providers::route::Route;

use crate::call::Call;
use crate::directory::Directory;
use crate::error::{Code, Error};

/// Makes sure that a managed call names responses of its workspace only. The conversation that it goes on from.
pub async fn look_at(
    directory: &Directory,
    call: &Call,
    provider: Provider,
    previous: &Previous,
) -> Result<ChainTokens, Error> {
    if let Some(id) = call.route.object(&call.path) {
        let id = id.parse().map_err(|_| not_found())?;
        find(directory, call.workspace, provider, &id).await?.ok_or_else(not_found)?;
    }
    let found = match previous {
        Previous::Nothing => Some(ChainTokens::NONE),
        Previous::Response(id) => find(directory, call.workspace, provider, id).await?,
        Previous::NoId => None,
    };
    found.ok_or_else(|| not_its_own(call.route))
}

async fn find(
    directory: &Directory,
    workspace: WorkspaceId,
    at: Provider,
    id: &ResponseId,
) -> Result<Option<ChainTokens>, Error> {
    directory.chain(workspace, at, id).await.map_err(|error| {
        let cause: &dyn std::error::Error = &error;
        tracing::error!(error = cause, "responses can't be looked up");
        Error::overloaded("Responses cannot be looked up at the moment. Try again shortly.")
    })
}

fn not_found() -> Error {
    Error::new(
        Code::ResponseNotFound,
        "This workspace has made no response with that id on managed access. One that was made on an own key is reached \
         with that key only.",
    )
}

fn not_its_own(route: &Route) -> Error {
    let member = route.previous().unwrap_or("id");
    let message = format!(
        "Managed access cannot serve this call: the member `{member}` names a response that this workspace has not made \
         on managed access. One that was made on an own key goes on with that key only. Send the whole conversation, or \
         add an own key."
    );
    Error::new(Code::FeatureNotPriced, message)
}

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::auth::Access;
use crate::control::Control;
use crate::page::Listing;
use crate::problem::ProblemDocument;

/// A provider whose accounts can be connected.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ConnectionProvider {
    /// Its name here.
    provider: String,
    /// What people call it.
    title: String,
    /// What is asked for.
    scopes: Vec<String>,
    /// Where browsers come back to: what has to be written down at the provider, exactly.
    redirect_uri: String,
}

/// Lists the providers whose accounts a workspace can connect.
#[utoipa::path(
    get,
    path = "/api/v1/connection-providers",
    operation_id = "list_connection_providers",
    tag = "connections",
    responses(
        (status = 200, body = Listing<ConnectionProvider>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn providers(State(control): State<Arc<Control>>, _: Access) -> Json<Listing<ConnectionProvider>> {
    let connections = &control.parts.connections;
    let shown = connections.providers().iter().map(|(name, provider)| ConnectionProvider {
        provider: name.clone(),
        title: provider.title.clone(),
        scopes: provider.scopes.clone(),
        redirect_uri: connections.redirect_uri(name),
    });
    Json(Listing::whole(shown.collect()))
}

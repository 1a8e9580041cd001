//! The providers, each with where to get a key, step by step.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::provider::Provider;
use ownkey_providers::facts;
use serde::Serialize;

use crate::auth::Access;
use crate::control::{Control, Endpoint};
use crate::page::Listing;
use crate::problem::{Problem, ProblemDocument};

/// A provider as the API shows it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Provider)]
pub(crate) struct ProviderView {
    /// Its id in paths.
    #[schema(value_type = String)]
    id: Provider,
    /// The name people read.
    name: &'static str,
    /// How its keys start, in words.
    key_prefixes: &'static str,
    /// Where keys are made.
    keys_url: &'static str,
    /// Where the account's money is.
    billing_url: &'static str,
    /// Where limits are shown.
    limits_url: &'static str,
    /// Whether it has trouble now.
    status_url: &'static str,
    /// How to make a key, step by step.
    steps: &'static [&'static str],
    /// Where a key may be sent; the first if a key does not say.
    origins: Vec<String>,
    /// Whether the operator has a key of his own there.
    managed: bool,
}

/// Lists the providers.
#[utoipa::path(
    get,
    path = "/api/v1/providers",
    operation_id = "list_providers",
    tag = "catalogue",
    responses(
        (status = 200, body = Listing<ProviderView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    _: Access,
) -> Result<Json<Listing<ProviderView>>, Problem> {
    let offered = |provider| Some(show(&control, provider, control.endpoint(provider)?));
    Ok(Json(Listing::whole(Provider::ALL.into_iter().filter_map(offered).collect())))
}

fn show(control: &Control, id: Provider, endpoint: &Endpoint) -> ProviderView {
    let guide = &facts(id).guide;
    ProviderView {
        id,
        name: guide.title,
        key_prefixes: guide.key_prefixes,
        keys_url: guide.keys_url,
        billing_url: guide.billing_url,
        limits_url: guide.limits_url,
        status_url: guide.status_url,
        steps: guide.steps,
        origins: endpoint.origins().map(ToString::to_string).collect(),
        managed: control.has_operator_key(id),
    }
}

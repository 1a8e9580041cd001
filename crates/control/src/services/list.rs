use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::money::CreditPrice;
use ownkey_domain::service::{Service, ServiceUnit};
use serde::Serialize;

use crate::auth::InWorkspace;
use crate::control::Control;
use crate::page::Listing;
use crate::problem::{Problem, ProblemDocument};

/// A metered service as the API shows it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Service)]
pub(crate) struct ServiceView {
    /// Its name.
    name: String,
    /// What it is counted in: `call`, `token`, `character`, `second` or `item`.
    #[schema(value_type = String)]
    unit: ServiceUnit,
    /// Credits for each.
    #[schema(value_type = String)]
    credits: CreditPrice,
    /// The most items that one answer is charged for; null where it is not counted in items.
    max_items: Option<u64>,
    /// Where it is called; null if its use is only told to `service-usage`.
    path: Option<String>,
    /// Whether the workspace's plan includes it, so that it costs no credits.
    included: bool,
}

/// Lists the metered services, as configured.
#[utoipa::path(
    get,
    path = "/api/v1/workspaces/{ws}/services",
    operation_id = "list_services",
    tag = "services",
    params(("ws" = String, Path, description = "The workspace's id, or `current`")),
    responses(
        (status = 200, body = Listing<ServiceView>),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn list(
    State(control): State<Arc<Control>>,
    access: InWorkspace,
) -> Result<Json<Listing<ServiceView>>, Problem> {
    let draw = control.plan(&access.workspace.plan).draw_for_services(control.now(), access.workspace.period_anchor);
    let show = |service: &Service| ServiceView {
        name: service.name.clone(),
        unit: service.unit,
        credits: service.credits,
        max_items: service.items_max,
        path: service.is_served.then(|| format!("/services/{}", service.name)),
        included: draw.included,
    };
    Ok(Json(Listing::whole(control.parts.services.values().map(show).collect())))
}

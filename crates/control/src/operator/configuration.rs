//! What is set where nobody can set it from a page: in the configuration file.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ownkey_domain::money::CreditPrice;
use ownkey_domain::service::{Service, ServiceUnit};
use serde::Serialize;

use crate::auth::Access;
use crate::control::Control;
use crate::problem::{Problem, ProblemDocument};

/// The configuration, as far as pages show it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Configuration)]
pub(crate) struct ConfigurationView {
    /// The file; null if there is none and variables of the environment say everything.
    file: Option<String>,
    /// The metered services.
    services: Vec<ConfiguredService>,
}

/// A metered service, whoever uses it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ConfiguredService {
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
}

/// Shows which file the configuration comes from, and the metered services in it.
#[utoipa::path(
    get,
    path = "/api/v1/operator/configuration",
    operation_id = "get_configuration",
    tag = "operator",
    responses(
        (status = 200, body = ConfigurationView),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(State(control): State<Arc<Control>>, _: Access) -> Result<Json<ConfigurationView>, Problem> {
    let show = |service: &Service| ConfiguredService {
        name: service.name.clone(),
        unit: service.unit,
        credits: service.credits,
        max_items: service.items_max,
        path: service.is_served.then(|| format!("/services/{}", service.name)),
    };
    Ok(Json(ConfigurationView {
        file: control.parts.config_file.as_ref().map(|path| path.display().to_string()),
        services: control.parts.services.values().map(show).collect(),
    }))
}

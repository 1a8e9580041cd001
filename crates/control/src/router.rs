//! Every route, in one list, and what lies around them.

use std::sync::Arc;

use axum::middleware::from_fn;
use axum::{Extension, Router};
use ownkey_mcp::Server;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::control::Control;
use crate::openapi::{self, frame};
use crate::{
    agents, api_keys, audit, budgets, connections, costs, credits, edge, error_codes, health, invitations, ledger,
    links, mcp, members, models, operator, overview, plans, playground, policy, provider_keys, providers, receipts,
    services, sessions, statements, usage, webhooks, workspaces,
};

/// The management API, and the MCP server, which asks it.
pub fn router(control: Arc<Control>) -> Router {
    let api = routes(control);
    api.clone().layer(Extension(Server::new(api)))
}

fn routes(control: Arc<Control>) -> Router {
    let (router, _) = documented().split_for_parts();
    router
        .method_not_allowed_fallback(edge::unknown_method)
        .fallback(edge::unknown_path)
        .layer(from_fn(edge::guard))
        .with_state(control)
}

/// The routes that are built, with their description.
pub(crate) fn documented() -> OpenApiRouter<Arc<Control>> {
    OpenApiRouter::with_openapi(frame())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(openapi::openapi))
        .routes(routes!(plans::list))
        .routes(routes!(models::list))
        .routes(routes!(providers::list))
        .routes(routes!(error_codes::list))
        .routes(routes!(error_codes::get))
        .routes(routes!(mcp::call))
        .merge(of_workspaces())
        .merge(of_people())
        .merge(of_the_operator())
}

fn of_workspaces() -> OpenApiRouter<Arc<Control>> {
    OpenApiRouter::new()
        .routes(routes!(workspaces::list::list, workspaces::create::create))
        .routes(routes!(workspaces::by_external_id::by_external_id))
        .routes(routes!(workspaces::get::get, workspaces::update::update, workspaces::delete::delete))
        .routes(routes!(workspaces::plan_preview::get))
        .routes(routes!(provider_keys::list::list))
        .routes(routes!(provider_keys::put::put, provider_keys::remove::remove))
        .routes(routes!(provider_keys::test::test))
        .routes(routes!(policy::get::get, policy::put::put))
        .routes(routes!(api_keys::list::list, api_keys::create::create))
        .routes(routes!(api_keys::get::get, api_keys::revoke::revoke))
        .routes(routes!(agents::list::list))
        .routes(routes!(agents::get::get, agents::put::put, agents::remove::remove))
        .routes(routes!(receipts::list::list))
        .routes(routes!(receipts::get::get))
        .routes(routes!(usage::get))
        .routes(routes!(receipts::export::export))
        .routes(routes!(overview::get))
        .routes(routes!(services::list::list))
        .routes(routes!(services::usage::book))
        .routes(routes!(credits::get::get))
        .routes(routes!(credits::grant::grant))
        .routes(routes!(credits::refund::refund))
        .routes(routes!(ledger::list))
        .routes(routes!(statements::get::get))
        .routes(routes!(costs::get))
        .routes(routes!(budgets::list::list, budgets::create::create))
        .routes(routes!(budgets::get::get, budgets::put::put, budgets::remove::remove))
        .routes(routes!(connections::list::list, connections::begin::begin))
        .routes(routes!(connections::providers::providers))
        .routes(routes!(connections::back::back))
        .routes(routes!(connections::get::get, connections::begin::again, connections::disconnect::disconnect))
        .routes(routes!(connections::token::token))
        .routes(routes!(webhooks::list::list, webhooks::create::create))
        .routes(routes!(webhooks::get::get, webhooks::update::update, webhooks::remove::remove))
        .routes(routes!(webhooks::rotate::rotate))
        .routes(routes!(webhooks::test::test))
        .routes(routes!(webhooks::messages::list))
        .routes(routes!(webhooks::messages::get))
        .routes(routes!(webhooks::replay::replay))
        .routes(routes!(audit::list::list))
        .routes(routes!(audit::verify::verify))
}

fn of_people() -> OpenApiRouter<Arc<Control>> {
    OpenApiRouter::new()
        .routes(routes!(sessions::begin::begin, sessions::current::current, sessions::end::here))
        .routes(routes!(sessions::list::list, sessions::end::elsewhere))
        .routes(routes!(sessions::end::there))
        .routes(routes!(sessions::password::put))
        .routes(routes!(links::set_up::set_up))
        .routes(routes!(links::look::look))
        .routes(routes!(links::accept::accept))
        .routes(routes!(links::reset::reset))
        .routes(routes!(members::list::list, members::invite::invite))
        .routes(routes!(members::get::get, members::update::update, members::remove::remove))
        .routes(routes!(invitations::list::list))
        .routes(routes!(invitations::cancel::cancel))
        .routes(routes!(playground::create))
}

fn of_the_operator() -> OpenApiRouter<Arc<Control>> {
    OpenApiRouter::new()
        .routes(routes!(operator::ledger_check::check))
        .routes(routes!(operator::people::reset_link))
        .routes(routes!(operator::rotate::rotate))
        .routes(routes!(operator::rebind::rebind))
        .routes(routes!(operator::backup::backup))
        .routes(routes!(operator::configuration::get))
        .routes(routes!(operator::health::get))
        .routes(routes!(operator::grants::list))
        .routes(routes!(operator::workspaces::list))
}

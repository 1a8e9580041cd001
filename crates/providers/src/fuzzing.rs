//! The tables that fuzz targets (`tests/fuzz`) hold the code against. No part of the interface.

use ownkey_domain::provider::Provider;

pub use crate::managed::{Look, Members, Terms, Words};
pub use crate::route::Members as ActedOn;
pub use crate::sound::{seconds, seconds_of_base64};

use crate::registry::facts;
use crate::route::{Body, Route};

/// Every kind of call that is served.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    Provider::ALL.into_iter().flat_map(|provider| facts(provider).routes)
}

/// What managed calls of a kind may carry.
pub fn terms(route: &Route) -> Option<&'static Terms> {
    route.managed
}

/// What is acted on of the body of such a call; `None` if nothing of it matters.
pub fn acted_on(route: &Route) -> Option<ActedOn> {
    (!matches!(route.body, Body::Ignored)).then(|| route.members())
}

/// Whether its body may be a form.
pub fn takes_forms(route: &Route) -> bool {
    route.is_form()
}

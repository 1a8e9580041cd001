//! Paths that are promised and not built yet.

use std::sync::Arc;

use axum::routing::{MethodFilter, MethodRouter, any, on};

use crate::auth::{InWorkspace, Known};
use crate::control::Control;
use crate::problem::Problem;
use crate::rights::{TABLE, Verb};

/// The routes of the table that are not built, by path.
pub(crate) fn routes() -> Vec<(&'static str, MethodRouter<Arc<Control>>)> {
    let mut routes: Vec<(&str, MethodRouter<Arc<Control>>)> = Vec::new();
    for right in TABLE.iter().filter(|right| !right.built) {
        let route = on(filter(right.verb), not_yet);
        match routes.iter().position(|(path, _)| *path == right.path) {
            Some(at) => {
                let (path, there) = routes.swap_remove(at);
                routes.push((path, there.merge(route)));
            }
            None => routes.push((right.path, route)),
        }
    }
    routes
}

/// What is to come of Ownkey's own part of the data plane: calls over OAuth connections.
const DATA_PLANE: [&str; 2] = ["/connections/{id}", "/connections/{id}/{*rest}"];

/// The same for the data plane, where the product decides which methods there are.
pub(crate) fn data_plane() -> impl Iterator<Item = (&'static str, MethodRouter<Arc<Control>>)> {
    DATA_PLANE.into_iter().map(|path| (path, any(not_built)))
}

/// Says so, to those who are known.
async fn not_built(_: Known) -> Problem {
    Problem::not_built_yet("Connections are planned and not built yet.")
}

/// Says so, to those who are known.
async fn not_yet(_: InWorkspace) -> Problem {
    Problem::not_available_yet("This part of the API is planned and not built yet.")
}

fn filter(verb: Verb) -> MethodFilter {
    match verb {
        Verb::Get => MethodFilter::GET,
        Verb::Post => MethodFilter::POST,
        Verb::Put => MethodFilter::PUT,
        Verb::Patch => MethodFilter::PATCH,
        Verb::Delete => MethodFilter::DELETE,
    }
}

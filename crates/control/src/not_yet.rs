//! Paths that are promised and not built yet.

use std::sync::Arc;

use axum::routing::{MethodFilter, MethodRouter, on};

use crate::auth::InWorkspace;
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

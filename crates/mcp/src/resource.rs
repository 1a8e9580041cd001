//! The resources: what a client may read into its context without calling a tool.

use http::Method;
use rmcp::model;

use crate::api::Asked;

/// A resource.
pub(crate) struct Resource {
    pub(crate) uri: &'static str,
    name: &'static str,
    title: &'static str,
    about: &'static str,
    path: &'static str,
}

/// What they are written in.
pub(crate) const MEDIA_TYPE: &str = "application/json";

/// Every resource.
pub(crate) static RESOURCES: [Resource; 3] = [
    Resource {
        uri: "ownkey://catalogue",
        name: "catalogue",
        title: "Catalogue of models",
        about: "Every model with its provider, kind, limits and list prices, and whether this workspace can call it.",
        path: "/api/v1/models",
    },
    Resource {
        uri: "ownkey://providers",
        name: "providers",
        title: "Providers",
        about: "The providers, each with where to get a key, step by step, and where its billing, limits and status are.",
        path: "/api/v1/providers",
    },
    Resource {
        uri: "ownkey://costs",
        name: "costs",
        title: "What costs what",
        about: "Every call and service that is served: who would pay now, and how many credits it would cost.",
        path: "/api/v1/workspaces/current/costs",
    },
];

impl Resource {
    /// As clients are told of it.
    pub(crate) fn shown(&self) -> model::Resource {
        model::Resource::new(self.uri, self.name)
            .with_title(self.title)
            .with_description(self.about)
            .with_mime_type(MEDIA_TYPE)
    }

    /// The request that reading it is.
    pub(crate) fn request(&self) -> Asked {
        Asked { method: Method::GET, path: self.path.to_owned(), body: None }
    }
}

//! The resources: what a client may read into its context without calling a tool.

use http::Method;
use percent_encoding::percent_decode_str;
use rmcp::model;
use serde_json::{Value, json};

use crate::api::Asked;
use crate::page::Page;

/// A resource.
pub(crate) struct Resource {
    pub(crate) uri: &'static str,
    name: &'static str,
    title: &'static str,
    about: &'static str,
    path: &'static str,
    shape: Shape,
}

/// How much of it is read at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Whole,
    /// A page; the answer names the next.
    Paged,
    /// What does not depend on a model; or, below its URI, what a model costs.
    ByModel,
}

/// Resources whose URI has a part to fill in.
pub(crate) struct Template {
    uri: &'static str,
    name: &'static str,
    title: &'static str,
    about: &'static str,
}

/// A resource, or a part of one, that somebody reads.
pub(crate) struct Reading {
    resource: &'static Resource,
    part: Part,
}

enum Part {
    Whole,
    Page(Page),
    Model(String),
}

/// What they are written in.
pub(crate) const MEDIA_TYPE: &str = "application/json";

/// Every resource.
pub(crate) static RESOURCES: [Resource; 3] = [
    Resource {
        uri: "ownkey://catalogue",
        name: "catalogue",
        title: "Catalogue of models",
        about: "Every model with its provider, kind, limits and list prices, and whether this workspace can call it; by \
                pages, each of which names the `next`.",
        path: "/api/v1/models",
        shape: Shape::Paged,
    },
    Resource {
        uri: "ownkey://providers",
        name: "providers",
        title: "Providers",
        about: "The providers, each with where to get a key, step by step, and where its billing, limits and status are.",
        path: "/api/v1/providers",
        shape: Shape::Whole,
    },
    Resource {
        uri: "ownkey://costs",
        name: "costs",
        title: "What costs what",
        about: "Every call and service that is served: who would pay now, and how many credits it would cost, where that \
                does not depend on the model; where it does, `ownkey://costs/{model}` says so.",
        path: "/api/v1/workspaces/current/costs",
        shape: Shape::ByModel,
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
}

/// Every template.
pub(crate) static TEMPLATES: [Template; 2] = [
    Template {
        uri: "ownkey://catalogue{?cursor}",
        name: "catalogue_page",
        title: "A page of the catalogue",
        about: "The models from there on; `ownkey://catalogue` is the first page, and each page names the `next`.",
    },
    Template {
        uri: "ownkey://costs/{model}",
        name: "costs_of_model",
        title: "What a model costs",
        about: "Every call that takes the model: who would pay now, and how many credits it would cost.",
    },
];

impl Template {
    /// As clients are told of it.
    pub(crate) fn shown(&self) -> model::ResourceTemplate {
        model::ResourceTemplate::new(self.uri, self.name)
            .with_title(self.title)
            .with_description(self.about)
            .with_mime_type(MEDIA_TYPE)
    }
}

impl Reading {
    /// What that URI names.
    pub(crate) fn of(uri: &str) -> Option<Self> {
        let found = RESOURCES.iter().find_map(|resource| Some((resource, uri.strip_prefix(resource.uri)?)));
        let (resource, rest) = found?;
        let part = match (resource.shape, rest) {
            (Shape::Whole | Shape::ByModel, "") => Part::Whole,
            (Shape::Paged, "") => Part::Page(Page::FIRST),
            (Shape::Paged, rest) => Part::Page(Page::read(Some(rest.strip_prefix("?cursor=")?), None)?),
            (Shape::ByModel, rest) => {
                let model = percent_decode_str(rest.strip_prefix('/')?).decode_utf8().ok()?;
                Part::Model(model.into_owned())
            }
            (Shape::Whole, _) => return None,
        };
        Some(Self { resource, part })
    }

    /// The request that it is.
    pub(crate) fn request(&self) -> Asked {
        Asked { method: Method::GET, path: self.resource.path.to_owned(), body: None }
    }

    /// What of the API's answer is told, if there is such a part of it.
    pub(crate) fn told(&self, mut answer: Value) -> Option<Value> {
        match &self.part {
            Part::Whole if self.resource.shape == Shape::ByModel => {
                for route in answer.get_mut("routes")?.as_array_mut()? {
                    route.as_object_mut()?.remove("models");
                }
            }
            Part::Whole => {}
            Part::Page(page) => {
                let next = page.cut(&mut answer).map(|cursor| format!("{}?cursor={cursor}", self.resource.uri));
                let members = answer.as_object_mut()?;
                members.remove("next_cursor");
                members.insert("next".to_owned(), json!(next));
            }
            Part::Model(model) => {
                let routes = answer.get_mut("routes")?.as_array_mut()?;
                routes.iter_mut().for_each(|route| only(route, model));
                routes
                    .retain(|route| route.get("models").and_then(Value::as_array).is_some_and(|some| !some.is_empty()));
                let routes = std::mem::take(routes);
                return (!routes.is_empty()).then(|| json!({"model": model, "routes": routes}));
            }
        }
        Some(answer)
    }
}

/// Leaves of a call what it costs with that model.
fn only(route: &mut Value, model: &str) {
    if let Some(models) = route.get_mut("models").and_then(Value::as_array_mut) {
        models.retain(|one| one.get("id").and_then(Value::as_str) == Some(model));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(uri: &str, answer: Value) -> Option<Value> {
        Reading::of(uri)?.told(answer)
    }

    #[test]
    fn long_answers_are_read_in_parts() {
        let models: Vec<Value> = (0..60).map(|n| json!({"id": n})).collect();
        let first = told("ownkey://catalogue", json!({"data": models})).unwrap();
        assert_eq!(
            (first["data"].as_array().unwrap().len(), &first["next"]),
            (50, &json!("ownkey://catalogue?cursor=50"))
        );
        let last = told("ownkey://catalogue?cursor=50", json!({"data": models})).unwrap();
        assert_eq!((last["data"].as_array().unwrap().len(), &last["next"]), (10, &Value::Null));
        let costs = json!({"services": [], "routes": [
            {"path": "/a", "models": [{"id": "x/y", "cost": "credits"}, {"id": "z"}]}, {"path": "/b", "models": []},
        ]});
        let whole = told("ownkey://costs", costs.clone()).unwrap();
        assert_eq!(whole["routes"], json!([{"path": "/a"}, {"path": "/b"}]));
        let one = told("ownkey://costs/x%2Fy", costs.clone()).unwrap();
        assert_eq!(one["routes"], json!([{"path": "/a", "models": [{"id": "x/y", "cost": "credits"}]}]));
        assert_eq!(told("ownkey://costs/nobody", costs), None);
    }

    #[test]
    fn nothing_else_is_a_resource() {
        for uri in
            ["ownkey://", "ownkey://costs?x", "ownkey://costsx", "ownkey://catalogue?cursor=x", "ownkey://providers/x"]
        {
            assert!(Reading::of(uri).is_none(), "{uri}");
        }
    }
}

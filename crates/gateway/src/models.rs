//! `GET /v1/models`: what this caller can use, in the shape of the protocol that asks. Answered here: a provider's own
//! list would show models that the workspace may not call, and hide the product's own names.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use ownkey_domain::agent;
use ownkey_domain::catalogue::{Model, bare};
use ownkey_domain::provider::{Protocol, Provider};
use ownkey_providers::paths::place_of;
use ownkey_providers::stray::may_hold_key;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::agents;
use crate::body::{self, Body};
use crate::decide::Grounds;
use crate::directory::Workspace;
use crate::error::{Code, Error};

/// How many models a page has where the caller does not say, and at most, as Anthropic has it.
const PAGE_DEFAULT: usize = 20;
const PAGE_MAX: usize = 1_000;

/// Who asks for models.
pub struct Viewer<'a> {
    /// What decisions look at.
    pub grounds: Grounds<'a>,
    /// The workspace.
    pub workspace: Arc<Workspace>,
    /// The protocol that asks.
    pub protocol: Protocol,
}

impl Viewer<'_> {
    /// The list, or its page.
    pub fn list(&self, query: Option<&str>) -> Result<Response<Body>, Error> {
        let usable = self.usable();
        Ok(answer(&match self.protocol {
            Protocol::OpenAi => json!({"object": "list", "data": usable.iter().map(openai).collect::<Vec<_>>()}),
            Protocol::Anthropic => page(&usable, query.unwrap_or_default())?,
        }))
    }

    /// One model, by any name that a call of it could have.
    pub fn one(&self, id: &str) -> Result<Response<Body>, Error> {
        let unknown = || Error::new(Code::ModelNotFound, "There is no such model that this workspace can use.");
        let listed = self.usable().into_iter().find(|shown| shown.id == id);
        let found = listed.or_else(|| self.meant(id)).ok_or_else(unknown)?;
        Ok(answer(&match self.protocol {
            Protocol::OpenAi => openai(&found),
            Protocol::Anthropic => anthropic(&found),
        }))
    }

    /// Models of the protocol whose path is built, and the agents that have one.
    fn usable(&self) -> Vec<Shown<'_>> {
        let listed = self.grounds.catalogue.listed();
        let models = listed.filter_map(|listed| self.shown(Cow::Borrowed(listed.id), listed.id));
        let agents = agents::all(&self.grounds, &self.workspace).into_iter();
        let agents = agents.filter_map(|(name, model)| self.shown(format!("{}{name}", agent::PREFIX).into(), model));
        models.chain(agents).collect()
    }

    /// The model that a name means which no list shows: one behind its provider's, one with another date, or one that
    /// nobody here knows and that passes on the own key. An agent is no model, and a pasted key is not repeated.
    fn meant<'v>(&'v self, name: &'v str) -> Option<Shown<'v>> {
        if agent::called(name).is_some() || may_hold_key(name) {
            return None;
        }
        let Shown { provider, model, .. } = self.shown(Cow::Borrowed(name), name)?;
        Some(Shown { id: Cow::Borrowed(model.map_or(bare(name), |model| model.id.as_str())), provider, model })
    }

    /// A name whose calls would go out, on a path of this protocol that is built.
    fn shown<'v>(&'v self, id: Cow<'v, str>, name: &'v str) -> Option<Shown<'v>> {
        let asked = agents::usable(&self.grounds, &self.workspace, (self.protocol, name))?;
        let is_served = asked.model().is_none_or(|model| place_of(model.provider, model.mode).is_some());
        is_served.then(|| Shown { id, provider: asked.provider, model: asked.model() })
    }
}

/// A name that callers may ask for, and what is known of the model behind it.
struct Shown<'a> {
    id: Cow<'a, str>,
    provider: Provider,
    model: Option<&'a Model>,
}

fn answer(value: &Value) -> Response<Body> {
    let mut response = Response::new(body::full(Bytes::from(value.to_string())));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn openai(shown: &Shown<'_>) -> Value {
    // The catalogue does not know when a model was made; the start of the epoch says so.
    json!({"id": shown.id, "object": "model", "created": 0, "owned_by": shown.provider})
}

fn anthropic(shown: &Shown<'_>) -> Value {
    json!({
        "type": "model",
        "id": shown.id,
        "display_name": shown.id,
        "created_at": "1970-01-01T00:00:00Z",
        "max_input_tokens": shown.model.and_then(|model| model.context_tokens),
        "max_tokens": shown.model.and_then(|model| model.output_tokens),
        "capabilities": null,
    })
}

/// A page after or before an id, or the first one.
fn page(all: &[Shown<'_>], query: &str) -> Result<Value, Error> {
    let value = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut found =
            pairs.filter(|(key, _)| *key == name).map(|(_, value)| percent_decode_str(value).decode_utf8_lossy());
        found.next_back()
    };
    let limit = match value("limit").map(|text| text.parse()) {
        None => PAGE_DEFAULT,
        Some(Ok(limit @ 1..=PAGE_MAX)) => limit,
        Some(_) => return Err(Error::bad_request("`limit` must be a whole number from 1 to 1000.")),
    };
    let place = |id: &str| {
        let found = all.iter().position(|shown| shown.id == id);
        found.ok_or_else(|| Error::bad_request("The id to page from is none of this list."))
    };
    let (shown, has_more) = match (value("after_id"), value("before_id")) {
        (Some(_), Some(_)) => return Err(Error::bad_request("Send `after_id` or `before_id`, not both.")),
        (Some(after), None) => first(&all[place(&after)? + 1..], limit),
        (None, Some(before)) => {
            let end = place(&before)?;
            let start = end.saturating_sub(limit);
            (&all[start..end], start > 0)
        }
        (None, None) => first(all, limit),
    };
    Ok(json!({
        "data": shown.iter().map(anthropic).collect::<Vec<_>>(),
        "first_id": shown.first().map(|first| &first.id),
        "last_id": shown.last().map(|last| &last.id),
        "has_more": has_more,
    }))
}

fn first<'l, 'a>(from: &'l [Shown<'a>], limit: usize) -> (&'l [Shown<'a>], bool) {
    (&from[..limit.min(from.len())], from.len() > limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_the_list_in_both_directions() {
        let shown = |model: &'static str| Shown { id: Cow::Borrowed(model), provider: Provider::OpenAi, model: None };
        let all: Vec<_> = ["a", "b", "c", "d", "e", "f", "g"].map(shown).into();
        let ids = |query: &str| {
            let page = page(&all, query).unwrap();
            let data = page["data"].as_array().unwrap().clone();
            let ids: Vec<_> = data.iter().map(|m| m["id"].as_str().unwrap().to_owned()).collect();
            (ids, page["has_more"].as_bool().unwrap())
        };
        let names: Vec<_> = all.iter().map(|shown| shown.id.to_string()).collect();
        assert_eq!(ids(""), (names.clone(), false));
        assert_eq!(ids("limit=3"), (names[..3].to_vec(), true));
        assert_eq!(ids(&format!("limit=3&after_id={}", names[2])), (names[3..6].to_vec(), true));
        assert_eq!(ids(&format!("after_id={}", names[6])), (vec![], false));
        assert_eq!(ids(&format!("limit=2&before_id={}", names[3])), (names[1..3].to_vec(), true));
        assert_eq!(ids(&format!("before_id={}", names[1])), (names[..1].to_vec(), false));
        for bad in ["limit=0", "limit=1001", "limit=x", "after_id=nobody", "after_id=a&before_id=b"] {
            assert_eq!(page(&all, bad).unwrap_err().code, Code::BadRequest, "{bad}");
        }
    }
}

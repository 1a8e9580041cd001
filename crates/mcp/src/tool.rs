//! The tools: a table of requests to the management API.

use std::sync::Arc;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rmcp::model::{self, ToolAnnotations};
use serde_json::{Map, Value};

use crate::api::{Asked, Refusal};
use crate::argument::{Argument, Form, Place, schema, take};
use crate::page::{PAGE_MAX, Page};

/// A tool.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    title: &'static str,
    about: &'static str,
    effect: Effect,
    method: Method,
    /// With each argument of the path in braces.
    path: &'static str,
    arguments: &'static [Argument],
    /// Members of what is listed that are left out: answers are read by models, and long ones fill their context.
    without: &'static [&'static str],
}

/// What a call does, so that clients know when to ask people.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Reads,
    /// Asks a provider, with a prompt of a few tokens that its account pays, and notes what it said.
    Tests,
    /// Puts something in the place of what was there.
    Sets,
}

/// What may stay as it is in a segment of a path and in a query.
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

const PROVIDER: Argument = Argument {
    name: "provider",
    about: "The provider's id, as in `list_provider_keys`.",
    form: Form::Text(64),
    place: Place::Path,
    required: true,
};
const PAYERS: Form = Form::OneOf(&["byok", "managed"]);
const CURSOR: &str = "The `next_cursor` of the page before.";

/// A call of a tool.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) asked: Asked,
    /// What of the answer's list is told; all of it if absent.
    pub(crate) page: Option<Page>,
}

/// Every tool. None takes or shows a provider key.
pub(crate) static TOOLS: &[Tool] = &[
    reads(
        "list_provider_keys",
        "Provider keys and their health",
        "Every provider with the workspace's key there: its state (none, active, invalid, dormant, sealed, needs_test), the \
         last verdict in words, when it was last tested and used, its last error. Never the key itself.",
        "/api/v1/workspaces/current/provider-keys",
        &[],
    ),
    Tool {
        name: "test_provider_key",
        title: "Test a stored provider key",
        about: "Asks the provider whether the stored key works, and says what it found in words, with one thing to do. Costs \
                a few tokens at the provider. Takes the scope `providers:write`.",
        effect: Effect::Tests,
        method: Method::POST,
        path: "/api/v1/workspaces/current/provider-keys/{provider}/test",
        arguments: &[PROVIDER],
        without: &[],
    },
    Tool {
        name: "list_models",
        title: "Models, and whether they can be called",
        about: "The models of the catalogue: whether a call may be made, and if not, why (a code and words); `payer_now` \
                says what the next call does. Ask for those that matter, for there are many; `ownkey://catalogue` has the \
                list prices, `ownkey://costs/{model}` what calls of a model cost here.",
        effect: Effect::Reads,
        method: Method::GET,
        path: "/api/v1/models",
        arguments: &[
            query("provider", "Only models of this provider.", Form::Text(64)),
            query("model", "Only the model of this name.", Form::Text(256)),
            query("usable", "Only models that can be called now, or only others.", Form::Flag),
            page("limit", "The most models; 50 if absent.", Form::UpTo(PAGE_MAX)),
            page("cursor", CURSOR, Form::Text(20)),
        ],
        without: &["prices_usd"],
    },
    reads(
        "list_agents",
        "Agents and their models",
        "The workspace's agents, each with the model that calls of `agent/NAME` get.",
        "/api/v1/workspaces/current/agents",
        &[],
    ),
    Tool {
        name: "set_agent_model",
        title: "Set an agent's model",
        about: "Chooses the model of an agent from its next call on; adds the agent if it is new. Takes the scope \
                `agents:write`.",
        effect: Effect::Sets,
        method: Method::PUT,
        path: "/api/v1/workspaces/current/agents/{agent}",
        arguments: &[
            Argument {
                name: "agent",
                about: "The agent's name: lower-case letters, digits, `-` and `_`. `lead` always exists.",
                form: Form::Text(64),
                place: Place::Path,
                required: true,
            },
            Argument {
                name: "model",
                about: "A model's id, as in `list_models`.",
                form: Form::Text(256),
                place: Place::Body,
                required: true,
            },
        ],
        without: &[],
    },
    reads(
        "get_usage",
        "Usage and what it cost",
        "What calls add up to: calls, errors, tokens by class, list-price cost in USD, credits. By day of the last 30 days \
         unless said otherwise.",
        "/api/v1/workspaces/current/usage",
        &[
            query("from", "From the hour that holds this time (RFC 3339).", Form::Text(40)),
            query("to", "Before this time (RFC 3339); now if absent.", Form::Text(40)),
            query(
                "group_by",
                "What to add up by; `day` if absent.",
                Form::OneOf(&["hour", "day", "model", "provider", "payer", "agent", "api_key", "service"]),
            ),
            query("payer", "Only calls that this one paid for.", PAYERS),
            query("provider", "Only calls of this provider.", Form::Text(64)),
            query("model", "Only calls that asked for this model.", Form::Text(256)),
            query("agent", "Only calls made for this agent.", Form::Text(64)),
        ],
    ),
    reads(
        "get_credits",
        "Credits",
        "The workspace's credits: balance, what calls under way hold, what is available, how many days it lasts, and the \
         grants it came from.",
        "/api/v1/workspaces/current/credits",
        &[],
    ),
    reads(
        "list_budgets",
        "Budgets",
        "The bounds that the workspace has set itself, each with its limit, what is used and held, and when it begins anew.",
        "/api/v1/workspaces/current/budgets",
        &[],
    ),
    reads(
        "list_receipts",
        "Receipts of calls",
        "Receipts, newest first: who paid, model, usage, cost, credits, outcome, error code. Never prompts or answers.",
        "/api/v1/workspaces/current/requests",
        &[
            query("limit", "The most receipts; 50 if absent.", Form::UpTo(PAGE_MAX)),
            query("cursor", CURSOR, Form::Text(100)),
            query("payer", "Only calls that this one paid for.", PAYERS),
            query("provider", "Only calls of this provider.", Form::Text(64)),
            query("model", "Only calls that asked for this model.", Form::Text(256)),
            query("agent", "Only calls made for this agent.", Form::Text(64)),
            query("status", "Only calls with such a status.", Form::OneOf(&["2xx", "4xx", "5xx", "none"])),
            query("from", "Not before this time (RFC 3339).", Form::Text(40)),
            query("to", "Before this time (RFC 3339).", Form::Text(40)),
        ],
    ),
    reads(
        "get_receipt",
        "Receipt of one call",
        "The receipt of a call, by the id in its answer's `x-ownkey-request-id`.",
        "/api/v1/workspaces/current/requests/{id}",
        &[in_path("id", "The call's id, `req_…`.", Form::Text(100))],
    ),
    reads(
        "explain_error",
        "What an error code means",
        "Explains an error code of a call, a receipt, a tool or a verdict, and says what to do about it.",
        "/api/v1/error-codes/{code}",
        &[in_path("code", "The code, such as `budget_exceeded`.", Form::Text(64))],
    ),
];

const fn reads(
    name: &'static str,
    title: &'static str,
    about: &'static str,
    path: &'static str,
    arguments: &'static [Argument],
) -> Tool {
    Tool { name, title, about, effect: Effect::Reads, method: Method::GET, path, arguments, without: &[] }
}

const fn query(name: &'static str, about: &'static str, form: Form) -> Argument {
    Argument { name, about, form, place: Place::Query, required: false }
}

const fn page(name: &'static str, about: &'static str, form: Form) -> Argument {
    Argument { name, about, form, place: Place::Page, required: false }
}

const fn in_path(name: &'static str, about: &'static str, form: Form) -> Argument {
    Argument { name, about, form, place: Place::Path, required: true }
}

impl Tool {
    /// As clients are told of it.
    pub(crate) fn shown(&self) -> model::Tool {
        let annotations = ToolAnnotations::from_raw(
            None,
            Some(self.effect == Effect::Reads),
            Some(self.effect == Effect::Sets),
            Some(self.effect != Effect::Tests),
            Some(self.effect == Effect::Tests),
        );
        model::Tool::new(self.name, self.about, Arc::new(schema(self.arguments)))
            .with_title(self.title)
            .with_annotations(annotations)
    }

    /// What a call of it comes to.
    pub(crate) fn call(&self, given: Map<String, Value>) -> Result<Call, Refusal> {
        let (mut path, mut query, mut body) = (self.path.to_owned(), Vec::new(), Map::new());
        let (mut limit, mut cursor) = (None, None);
        for (argument, value) in take(self.arguments, given)? {
            let encoded = utf8_percent_encode(&value, &PLAIN);
            match argument.place {
                Place::Path => path = path.replace(&format!("{{{}}}", argument.name), &segment(encoded.to_string())),
                Place::Query => query.push(format!("{}={encoded}", argument.name)),
                Place::Body => drop(body.insert(argument.name.to_owned(), Value::String(value))),
                Place::Page if argument.name == "cursor" => cursor = Some(value),
                Place::Page => limit = Some(value),
            }
        }
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let body = (self.method != Method::GET).then_some(Value::Object(body));
        let page = if self.arguments.iter().any(|argument| argument.place == Place::Page) {
            let page = Page::read(cursor.as_deref(), limit.as_deref());
            Some(page.ok_or_else(|| Refusal::bad_request("`cursor` is none that a page has told.".to_owned()))?)
        } else {
            None
        };
        Ok(Call { asked: Asked { method: self.method.clone(), path, body }, page })
    }

    /// What of the API's answer to a call is told.
    pub(crate) fn told(&self, page: Option<Page>, mut answer: Value) -> Value {
        if let Some(page) = page {
            page.cut(&mut answer);
        }
        let listed = answer.get_mut("data").and_then(Value::as_array_mut).into_iter().flatten();
        for one in listed.filter_map(Value::as_object_mut) {
            self.without.iter().for_each(|member| drop(one.remove(*member)));
        }
        answer
    }
}

/// A segment that nobody takes for a way up.
fn segment(encoded: String) -> String {
    if matches!(encoded.as_str(), "." | "..") { encoded.replace('.', "%2E") } else { encoded }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(name: &str, given: Value) -> Asked {
        let tool = TOOLS.iter().find(|tool| tool.name == name).unwrap();
        tool.call(given.as_object().unwrap().clone()).unwrap().asked
    }

    #[test]
    fn a_number_is_told_as_the_api_wrote_it() {
        let answer = r#"{"own":2.1189999999999998}"#;
        let tool = TOOLS.iter().find(|tool| tool.name == "get_receipt").unwrap();
        assert_eq!(tool.told(None, serde_json::from_str(answer).unwrap()).to_string(), answer);
    }

    #[test]
    fn arguments_go_where_the_api_takes_them() {
        let set = request("set_agent_model", json!({"agent": "writer", "model": "gpt-4o"}));
        let path = "/api/v1/workspaces/current/agents/writer".to_owned();
        assert_eq!(set, Asked { method: Method::PUT, path, body: Some(json!({"model": "gpt-4o"})) });
        let usage = request("get_usage", json!({"group_by": "model", "model": "a&b=c"}));
        assert_eq!(usage.path, "/api/v1/workspaces/current/usage?group_by=model&model=a%26b%3Dc");
        let test = request("test_provider_key", json!({"provider": "openai"}));
        assert_eq!(test.body, Some(json!({})), "a body without a key tests the stored one");
    }

    #[test]
    fn no_argument_leads_out_of_its_place_in_the_path() {
        for (odd, path) in
            [("../../api-keys", "..%2F..%2Fapi-keys"), ("..", "%2E%2E"), ("a?b#c", "a%3Fb%23c"), ("{id}", "%7Bid%7D")]
        {
            let asked = request("get_receipt", json!({"id": odd}));
            assert_eq!(asked.path, format!("/api/v1/workspaces/current/requests/{path}"));
        }
    }

    #[test]
    fn every_place_of_a_path_has_its_argument() {
        for tool in TOOLS {
            let in_path: Vec<_> = tool.arguments.iter().filter(|a| a.place == Place::Path).collect();
            assert_eq!(tool.path.matches('{').count(), in_path.len(), "{}", tool.name);
            assert!(
                in_path.iter().all(|a| a.required && tool.path.contains(&format!("{{{}}}", a.name))),
                "{}",
                tool.name
            );
            let body = tool.arguments.iter().any(|a| a.place == Place::Body);
            assert!(!body || tool.method != Method::GET, "{}", tool.name);
        }
    }
}

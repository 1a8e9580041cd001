//! The calls at Anthropic's paths.

use ownkey_domain::catalogue::Mode;

use super::{managed, stream, usage};
use crate::json::Wanted;
use crate::route::{Body, Charge, Members, Reading, Route, Verb};

const MESSAGES: Route = Route {
    verb: Verb::Post,
    template: "/v1/messages",
    charge: Charge::Usage,
    has_output: true,
    modes: &[Mode::Chat],
    names_events: true,
    body: Body::Json(Members { limits: &["max_tokens"], hides: Some("thinking"), ..Members::NONE }),
    answer: Reading {
        wanted: Wanted { within: None, members: &["id", "model", "stop_reason", "usage"], kinds_of: &[] },
        served: usage::answer,
    },
    shows: Some(super::shows_output),
    makes: None,
    dialect: stream::reader,
    resumes: None,
    managed: Some(&managed::MESSAGES),
};

pub(super) const ROUTES: &[Route] = &[
    MESSAGES,
    Route {
        template: "/v1/messages/count_tokens",
        charge: Charge::Nothing,
        has_output: false,
        modes: &[],
        body: Body::Json(Members::NONE),
        managed: Some(&managed::COUNT_TOKENS),
        ..MESSAGES
    },
];

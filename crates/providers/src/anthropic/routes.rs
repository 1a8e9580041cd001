//! The calls at Anthropic's paths.

use ownkey_domain::catalogue::Mode;

use super::{managed, stream, usage};
use crate::answer::Served;
use crate::route::{Body, Charge, Reading, Route, Verb};

const MESSAGES: Route = Route {
    verb: Verb::Post,
    template: "/v1/messages",
    charge: Charge::Usage,
    modes: &[Mode::Chat],
    names_events: true,
    body: Body { limits: &["max_tokens"], answers: &[], asks_usage: false },
    answer: Reading { members: &["id", "model", "stop_reason", "usage"], served: usage::answer },
    dialect: stream::reader,
    managed: Some(&managed::MESSAGES),
};

pub(super) const ROUTES: &[Route] = &[
    MESSAGES,
    // What it counts is an estimate of another call, so it is no usage of this one.
    Route {
        template: "/v1/messages/count_tokens",
        charge: Charge::Nothing,
        modes: &[],
        body: Body::ANY,
        answer: Reading { members: &[], served: |_| Served::unknown() },
        managed: Some(&managed::COUNT_TOKENS),
        ..MESSAGES
    },
];

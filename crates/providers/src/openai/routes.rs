//! The calls at OpenAI's paths.

use ownkey_domain::catalogue::Mode;

use super::{managed, stream, usage};
use crate::route::{Body, Charge, Reading, Route, Verb};

/// A call that is billed by its usage object. What is not said below is as here.
const CALL: Route = Route {
    verb: Verb::Post,
    template: "",
    charge: Charge::Usage,
    modes: &[],
    names_events: false,
    body: Body::ANY,
    answer: Reading { members: &["id", "model", "service_tier", "usage"], served: usage::answer },
    dialect: stream::reader,
    managed: None,
};

/// In the order of the provider's documentation, chat first.
pub(super) const ROUTES: &[Route] = &[
    Route {
        template: "/v1/chat/completions",
        modes: &[Mode::Chat],
        body: Body { limits: &["max_completion_tokens", "max_tokens"], answers: &["n"], asks_usage: true },
        managed: Some(&managed::CHAT),
        ..CALL
    },
    Route {
        template: "/v1/completions",
        body: Body { limits: &["max_tokens"], answers: &["n", "best_of"], asks_usage: true },
        managed: Some(&managed::COMPLETIONS),
        ..CALL
    },
    Route { template: "/v1/embeddings", modes: &[Mode::Embedding], managed: Some(&managed::EMBEDDINGS), ..CALL },
    // Free by the catalogue's prices, which need no usage: the answer has none.
    Route { template: "/v1/moderations", modes: &[Mode::Moderation], managed: Some(&managed::MODERATIONS), ..CALL },
];

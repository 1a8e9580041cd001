//! The calls at OpenAI's paths.

use ownkey_domain::catalogue::Mode;

use super::{managed, media, media_terms, responses, stream, usage};
use crate::json::Wanted;
use crate::route::{Body, Charge, Members, Reading, Route, Verb};

/// A call that is billed by its usage object. What is not said below is as here.
const CALL: Route = Route {
    verb: Verb::Post,
    template: "",
    charge: Charge::Usage,
    has_output: true,
    modes: &[],
    names_events: false,
    body: Body::Json(Members::NONE),
    answer: Reading {
        wanted: Wanted { within: None, members: &["id", "model", "service_tier", "usage"], kinds_of: &[] },
        served: usage::answer,
    },
    shows: None,
    makes: None,
    dialect: stream::reader,
    resumes: None,
    managed: None,
};

/// A call of the Responses API. What it makes the provider keeps, unless it is told not to.
const RESPONSE: Route = Route {
    names_events: true,
    answer: Reading { wanted: responses::WANTED, served: responses::answer },
    dialect: responses::reader,
    ..CALL
};

/// A call about a response that is there already: it asks no model, and the usage that it may show is that of the call
/// which made the response.
const BY_ID: Route = Route { charge: Charge::Nothing, body: Body::Ignored, managed: Some(&managed::BY_ID), ..RESPONSE };

/// One that shows the response: if that was made in the background, nobody was told its usage before.
const SHOWN: Route = Route { charge: Charge::Deferred, ..BY_ID };

/// What of a request goes on from a response.
const RESPONSE_MEMBERS: Members = Members { previous: Some("previous_response_id"), ..Members::NONE };

/// The same of a chat completion.
const STORED: Route = Route { charge: Charge::Nothing, body: Body::Ignored, ..CALL };

/// A call whose stream has events that tell their types.
const EVENTS: Route = Route { names_events: true, ..CALL };

const IMAGE_MEMBERS: Members = Members { answers: &["n"], null_model: true, ..Members::NONE };

/// A call for images.
const IMAGES: Route = Route {
    body: Body::Json(IMAGE_MEMBERS),
    answer: Reading { wanted: media::WANTED, served: media::images },
    makes: Some(|_| Some(media::IMAGE_TOKENS)),
    dialect: media::image_reader,
    ..EVENTS
};

/// Chat first, as most are.
pub(super) const ROUTES: &[Route] = &[
    Route {
        template: "/v1/chat/completions",
        modes: &[Mode::Chat],
        body: Body::Json(Members {
            limits: &["max_completion_tokens", "max_tokens"],
            answers: &["n"],
            hides: Some("prediction"),
            limit_of: Some(super::limit_name),
            asks_usage: true,
            ..Members::NONE
        }),
        shows: Some(super::shows_output),
        managed: Some(&managed::CHAT),
        ..CALL
    },
    Route { verb: Verb::Get, template: "/v1/chat/completions", ..STORED },
    Route { verb: Verb::Get, template: "/v1/chat/completions/{id}", ..STORED },
    Route { verb: Verb::Post, template: "/v1/chat/completions/{id}", ..STORED },
    Route { verb: Verb::Delete, template: "/v1/chat/completions/{id}", ..STORED },
    Route { verb: Verb::Get, template: "/v1/chat/completions/{id}/messages", ..STORED },
    Route {
        template: "/v1/responses",
        modes: &[Mode::Chat, Mode::Responses],
        body: Body::Json(Members {
            limits: &["max_output_tokens"],
            background: Some("background"),
            ..RESPONSE_MEMBERS
        }),
        shows: Some(super::shows_output),
        managed: Some(&managed::RESPONSES),
        ..RESPONSE
    },
    // An estimate, and free.
    Route {
        template: "/v1/responses/input_tokens",
        charge: Charge::Nothing,
        body: Body::Json(Members { null_model: true, ..RESPONSE_MEMBERS }),
        managed: Some(&managed::INPUT_TOKENS),
        ..RESPONSE
    },
    // Its output has no limit to write in, so what a managed one could cost is not bounded.
    Route {
        template: "/v1/responses/compact",
        body: Body::Json(Members { null_model: true, ..RESPONSE_MEMBERS }),
        ..RESPONSE
    },
    Route { verb: Verb::Get, template: "/v1/responses/{id}", resumes: Some("starting_after"), ..SHOWN },
    Route { verb: Verb::Delete, template: "/v1/responses/{id}", ..BY_ID },
    Route { verb: Verb::Post, template: "/v1/responses/{id}/cancel", ..SHOWN },
    Route { verb: Verb::Get, template: "/v1/responses/{id}/input_items", ..BY_ID },
    Route {
        template: "/v1/completions",
        body: Body::Json(Members {
            limits: &["max_tokens"],
            answers: &["n", "best_of"],
            prompts: Some("prompt"),
            asks_usage: true,
            ..Members::NONE
        }),
        shows: Some(super::shows_output),
        managed: Some(&managed::COMPLETIONS),
        ..CALL
    },
    Route {
        template: "/v1/embeddings",
        modes: &[Mode::Embedding],
        body: Body::Json(Members { prompts: Some("input"), ..Members::NONE }),
        managed: Some(&managed::EMBEDDINGS),
        ..CALL
    },
    // Free at the provider, whatever the model; the answer has no usage.
    Route {
        template: "/v1/moderations",
        charge: Charge::Nothing,
        modes: &[Mode::Moderation],
        managed: Some(&managed::MODERATIONS),
        ..CALL
    },
    // Sound as it is tells nothing of what it used; as events it does.
    Route {
        template: "/v1/audio/speech",
        modes: &[Mode::AudioSpeech],
        body: Body::Json(Members { counted: Some("input"), ..Members::NONE }),
        answer: Reading { wanted: media::WANTED, served: media::speech },
        makes: Some(|asked| asked.characters.map(media::spoken)),
        dialect: media::speech_reader,
        managed: Some(&media_terms::SPEECH),
        ..EVENTS
    },
    Route {
        template: "/v1/audio/transcriptions",
        modes: &[Mode::AudioTranscription],
        body: Body::Form(Members::NONE),
        answer: Reading { wanted: media::HEARD, served: media::heard },
        dialect: media::transcription_reader,
        managed: Some(&media_terms::TRANSCRIPTIONS),
        ..EVENTS
    },
    // Its answers tell nothing of what they used, but for those that tell how long the sound was.
    Route {
        template: "/v1/audio/translations",
        body: Body::Form(Members::NONE),
        answer: Reading { wanted: media::HEARD, served: media::heard },
        ..EVENTS
    },
    Route { template: "/v1/images/generations", managed: Some(&media_terms::IMAGES), ..IMAGES },
    Route {
        template: "/v1/images/edits",
        body: Body::Form(IMAGE_MEMBERS),
        managed: Some(&media_terms::IMAGE_EDITS),
        ..IMAGES
    },
    Route { template: "/v1/images/variations", body: Body::Form(IMAGE_MEMBERS), ..IMAGES },
];

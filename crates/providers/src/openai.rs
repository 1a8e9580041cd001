//! OpenAI.

mod errors;
mod events;
mod managed;
mod media;
mod media_terms;
mod responses;
mod routes;
mod stream;
mod usage;

use http::header::{AUTHORIZATION, HeaderName};
use ownkey_domain::diagnosis::Kind;
use ownkey_domain::hold::Extent;
use ownkey_domain::provider::Provider;
use ownkey_domain::usage::Accounting;
use ownkey_domain::verdict::Guide;

use crate::key::KeyFormat;
use crate::registry::Facts;

pub(crate) static FACTS: Facts = Facts {
    provider: Provider::OpenAi,
    base_url: "https://api.openai.com/v1",
    credential_header: AUTHORIZATION,
    credential_prefix: "Bearer ",
    request_id_header: HeaderName::from_static("x-request-id"),
    own_headers: &[],
    accounting: Accounting::Nested,
    guide: Guide {
        title: "OpenAI",
        key_prefixes: "sk-proj- or sk-",
        keys_url: "https://platform.openai.com/api-keys",
        billing_url: "https://platform.openai.com/settings/organization/billing",
        limits_url: "https://platform.openai.com/settings/organization/limits",
        status_url: "https://status.openai.com",
        steps: &[
            "Go to platform.openai.com/api-keys.",
            "Choose Create new secret key.",
            "Name it, and choose Create secret key.",
            "Copy it: it is shown only once.",
        ],
    },
    base_has: "/v1",
    keys: KeyFormat {
        prefixes: &["sk-proj-", "sk-svcacct-", "sk-service-", "sk-None-"],
        infix: Some("T3BlbkFJ"),
        wrong_kinds: &[("sk-admin-", Kind::Admin), ("sess-", Kind::SignIn), ("ek_", Kind::Session)],
    },
    managed_headers: managed::HEADERS,
    routes: routes::ROUTES,
    models_path: "/models",
    ping,
    image_tokens,
    caches_if_asked: false,
    classify: errors::classify,
};

/// Models that know the output limit by its old name only, or by both. All later ones insist on the new one.
const OLD_NAME: [&str; 5] = ["gpt-3.5", "gpt-4", "chatgpt-4o", "ft:gpt-3.5", "ft:gpt-4"];

/// The tokens of the largest picture, by the beginning of a model's name. Most count tiles or patches, the small models
/// each as more of them, and some see a picture as it is. Of a model that is not here nobody knows: some have counted forty
/// times what others do.
const IMAGE_TOKENS: [(&str, u64); 11] = [
    ("gpt-4o-mini", 48_169),
    ("gpt-4.1-", 3_779),
    ("gpt-4", 1_445),
    ("gpt-5", 10_000),
    ("gpt-6", 10_000),
    ("gpt-image", 10_000),
    ("chatgpt-", 10_000),
    ("o1", 10_000),
    ("o3", 10_000),
    ("o4", 10_000),
    ("computer-use", 10_000),
];
/// What the name of a fine-tuned model has before that of the one that it was made from.
const FINE_TUNED: &str = "ft:";

fn image_tokens(model: &str) -> Extent {
    let base = model.strip_prefix(FINE_TUNED).unwrap_or(model);
    let known = IMAGE_TOKENS.iter().find(|(prefix, _)| base.starts_with(prefix));
    known.map_or(Extent::Unknown, |(_, tokens)| Extent::AtMost(*tokens))
}

/// The name of the output limit of a chat.
fn limit_name(model: &str) -> &'static str {
    let is_old = OLD_NAME.iter().any(|prefix| model.starts_with(prefix));
    if is_old { "max_tokens" } else { "max_completion_tokens" }
}

/// Whether a stream of that model shows every token that is billed. The later ones reason, which nobody sees, those made
/// for chats among them; what is spoken is no text; and of a prediction what the model did not take is billed as well.
fn shows_output(model: &str, hides: bool) -> bool {
    !hides && OLD_NAME.iter().any(|prefix| model.starts_with(prefix)) && !model.contains("-audio")
}

fn ping(model: &str) -> (&'static str, String) {
    let mut body = serde_json::json!({
        "model": model,
        "messages": [{"role": "user", "content": crate::probe::PROMPT}],
    });
    body[limit_name(model)] = crate::probe::OUTPUT_LIMIT.into();
    ("/chat/completions", body.to_string())
}

#[cfg(test)]
mod tests {
    use super::shows_output;

    #[test]
    fn what_thinks_or_speaks_is_not_seen() {
        for seen in ["gpt-4o", "gpt-4.1-mini", "gpt-3.5-turbo", "ft:gpt-4o-mini:acme::1"] {
            assert!(shows_output(seen, false) && !shows_output(seen, true), "{seen}");
        }
        for hidden in ["gpt-5", "gpt-5-chat-latest", "o3", "gpt-4o-audio-preview-2025-06-03", "gpt-audio", "gpt-7"] {
            assert!(!shows_output(hidden, false), "{hidden}");
        }
    }
}

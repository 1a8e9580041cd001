//! Anthropic: the Messages API.

mod errors;
mod iterations;
mod managed;
mod routes;
mod stream;
mod usage;

use http::HeaderName;
use ownkey_domain::diagnosis::Kind;
use ownkey_domain::hold::Extent;
use ownkey_domain::provider::Provider;
use ownkey_domain::usage::Accounting;
use ownkey_domain::verdict::Guide;

use crate::key::KeyFormat;
use crate::registry::Facts;

pub(crate) static FACTS: Facts = Facts {
    provider: Provider::Anthropic,
    base_url: "https://api.anthropic.com",
    credential_header: HeaderName::from_static("x-api-key"),
    credential_prefix: "",
    request_id_header: HeaderName::from_static("request-id"),
    own_headers: &[("anthropic-version", "2023-06-01")],
    accounting: Accounting::Disjoint,
    guide: Guide {
        title: "Anthropic",
        key_prefixes: "sk-ant-",
        keys_url: "https://console.anthropic.com/settings/keys",
        billing_url: "https://platform.claude.com/settings/billing",
        limits_url: "https://platform.claude.com/settings/limits",
        status_url: "https://status.claude.com",
        steps: &[
            "Go to console.anthropic.com.",
            "Open API Keys in the left sidebar.",
            "Choose Create Key and name it.",
            "Copy it: it is shown only once.",
        ],
    },
    base_has: "",
    keys: KeyFormat {
        prefixes: &["sk-ant-api03-", "sk-ant-"],
        infix: None,
        wrong_kinds: &[
            ("sk-ant-admin", Kind::Admin),
            ("sk-ant-api01-", Kind::Admin),
            ("sk-ant-oat", Kind::SignIn),
            ("sk-ant-ort", Kind::SignIn),
            ("sk-ant-sid", Kind::SignIn),
            ("sk-ant-si-", Kind::Session),
            ("sk-ant-cc-", Kind::SignIn),
        ],
    },
    managed_headers: managed::HEADERS,
    routes: routes::ROUTES,
    models_path: "/v1/models?limit=1000",
    ping,
    // Of the largest, which only the newest models see at that size.
    image_tokens: |_| Extent::AtMost(4_784),
    caches_if_asked: true,
    classify: errors::classify,
};

/// Models that think only if they are asked to. Later ones may do so by themselves.
const THINK_IF_ASKED: [&str; 4] = ["claude-3", "claude-haiku-4", "claude-sonnet-4", "claude-opus-4"];

/// Whether a stream shows every token that is billed. Of thinking it shows a summary, or nothing.
fn shows_output(model: &str, hides: bool) -> bool {
    !hides && THINK_IF_ASKED.iter().any(|prefix| model.starts_with(prefix))
}

fn ping(model: &str) -> (&'static str, String) {
    let body = serde_json::json!({
        "model": model,
        "max_tokens": crate::probe::OUTPUT_LIMIT,
        "messages": [{"role": "user", "content": crate::probe::PROMPT}],
    });
    ("/v1/messages", body.to_string())
}

//! The authorization endpoint. Whoever comes here agrees at once, unless he was told to refuse.

use http::HeaderValue;

use super::form::{Form, encoded};
use super::grants::Code;
use super::history::{Entry, Kind};
use super::{Answer, Asked, State, error, text};
use crate::clock::now_ms;

/// Length of a challenge by SHA-256, in base64 for URLs.
const CHALLENGE_CHARS: usize = 43;

pub(super) fn answer(state: &mut State, asked: &Asked) -> Answer {
    // Before both are known to be right nobody is sent anywhere (RFC 6749 4.1.2.1).
    let Some(form) = Form::parse(&asked.query) else { return error(400, "invalid_request") };
    let client = form.get("client_id").and_then(|id| state.grants.client(id)).cloned();
    let Some(client) = client else { return error(400, "invalid_client") };
    if form.get("redirect_uri") != Some(&client.redirect_uri) {
        return error(400, "invalid_redirect_uri");
    }
    let scope = form.get("scope").unwrap_or_default();
    let outcome = refusal(state, &form).or_else(|| (!client.shape.takes_scope(scope)).then_some("invalid_scope"));
    state.history.add(Entry::new(Kind::Authorize, outcome.unwrap_or("ok")));
    let mut to = match outcome {
        Some(word) => format!("{}?error={word}", client.redirect_uri),
        None => {
            let code = state.grants.add_code(Code {
                client: client.id.clone(),
                redirect_uri: client.redirect_uri.clone(),
                challenge: form.get("code_challenge").unwrap_or_default().to_owned(),
                scope: scope.to_owned(),
                is_offline: client.shape.is_offline(&form),
                issued_ms: now_ms(),
                family: None,
            });
            format!("{}?code={code}", client.redirect_uri)
        }
    };
    if let Some(state) = form.get("state") {
        to.push_str(&format!("&state={}", encoded(state)));
    }
    to.push_str(&client.shape.brought_back(&asked.issuer, scope));
    let mut answer = text(302, "text/plain", "");
    if let Ok(to) = HeaderValue::from_str(&to) {
        answer.headers_mut().insert("location", to);
    }
    answer
}

fn refusal(state: &State, form: &Form) -> Option<&'static str> {
    let is_challenge = |text: &str| {
        text.len() == CHALLENGE_CHARS && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    match form.get("response_type") {
        Some("code") => {}
        Some(_) => return Some("unsupported_response_type"),
        None => return Some("invalid_request"),
    }
    let method = form.get("code_challenge_method");
    if !form.get("code_challenge").is_some_and(is_challenge) || method != Some("S256") {
        return Some("invalid_request");
    }
    state.denies.then_some("access_denied")
}

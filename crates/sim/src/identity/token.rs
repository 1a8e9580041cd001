//! The token endpoint, and the one that revokes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use serde_json::json;

use super::client::{Client, authenticated};
use super::form::Form;
use super::grants::Issued;
use super::history::{Entry, Kind};
use super::shape::Shape;
use super::{Answer, Asked, State, error, of_json};
use crate::digest::sha256;

/// Tokens, or why not.
pub(super) fn answer(state: &mut State, asked: &Asked) -> Answer {
    let granted = form_of(asked).and_then(|form| {
        let client = authenticated(&state.grants, asked, &form)?;
        let issued = match form.get("grant_type") {
            Some("authorization_code") => by_code(state, &form, &client),
            Some("refresh_token") => by_refresh(state, &form, &client),
            Some(_) => Err("unsupported_grant_type"),
            None => Err("invalid_request"),
        };
        issued.map(|issued| (client, issued))
    });
    match granted {
        Ok((client, issued)) => of_json(200, &client.shape.tokens(&client, &issued)),
        Err(word) => match own_error(state, asked, word) {
            Some(own) => of_json(200, &json!({"ok": false, "error": own})),
            None => refused(word),
        },
    }
}

/// The error in the words of whose ways the client meets.
fn own_error(state: &State, asked: &Asked, word: &str) -> Option<&'static str> {
    let form = form_of(asked).ok()?;
    let client = state.grants.client(form.get("client_id")?)?;
    client.shape.own_error(word, form.get("grant_type"))
}

/// Revokes. Whether there was such a token is nobody's business (RFC 7009 2.2).
pub(super) fn revoke(state: &mut State, asked: &Asked) -> Answer {
    if state.keeps {
        return error(503, "temporarily_unavailable");
    }
    let revoked = form_of(asked).and_then(|form| {
        let client = authenticated(&state.grants, asked, &form)?;
        let token = form.get("token").ok_or("invalid_request")?;
        let refresh = state.grants.refresh(token).filter(|found| found.client == client.id);
        let access = state.grants.access(token).filter(|found| found.client == client.id);
        let mut entry = Entry::new(Kind::Revoke, "ok");
        if let Some(found) = refresh {
            state.grants.revoke_family(found.family);
            entry = entry.of(&client.id, found.family, found.generation);
        } else if let Some(found) = access {
            state.grants.revoke_access(token);
            entry = entry.of(&client.id, found.family, found.generation);
        }
        state.history.add(entry);
        Ok(client.shape)
    });
    match revoked {
        Ok(Shape::Slack) => of_json(200, &json!({"ok": true, "revoked": true})),
        Ok(Shape::Standard | Shape::Google) => of_json(200, &json!({})),
        Err(word) => refused(word),
    }
}

fn form_of(asked: &Asked) -> Result<Form, &'static str> {
    let kind = asked.header("content-type").and_then(|kind| kind.split(';').next()).unwrap_or_default();
    if kind.trim() != "application/x-www-form-urlencoded" {
        return Err("invalid_request");
    }
    let text = std::str::from_utf8(&asked.body).map_err(|_| "invalid_request")?;
    Form::parse(text).ok_or("invalid_request")
}

fn by_code(state: &mut State, form: &Form, client: &Client) -> Result<Issued, &'static str> {
    let text = form.get("code").ok_or("invalid_request")?;
    let found = state.grants.take_code(text).filter(|code| {
        code.client == client.id
            && form.get("redirect_uri") == Some(&code.redirect_uri)
            && form.get("code_verifier").is_some_and(|verifier| proves(verifier, &code.challenge))
    });
    let Some(code) = found else {
        state.history.add(Entry::new(Kind::Code, "invalid_grant"));
        return Err("invalid_grant");
    };
    let (family, issued) = state.grants.begin(text, &code, client);
    state.history.add(Entry::new(Kind::Code, "ok").of(&client.id, family, 1));
    Ok(issued)
}

/// RFC 7636 4.1 and 4.6.
fn proves(verifier: &str, challenge: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&verifier.len())
        && verifier.bytes().all(unreserved)
        && URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes())) == challenge
}

fn by_refresh(state: &mut State, form: &Form, client: &Client) -> Result<Issued, &'static str> {
    let token = form.get("refresh_token").ok_or("invalid_request")?;
    let Some(found) = state.grants.refresh(token).filter(|found| found.client == client.id) else {
        state.history.add(Entry::new(Kind::Refresh, "invalid_grant"));
        return Err("invalid_grant");
    };
    let entry = |result| {
        Entry::new(Kind::Refresh, result)
            .of(&client.id, found.family, found.generation)
            .aged(found.age_ms, client.lives_s * 1_000)
            .reuse(found.is_used)
    };
    if found.is_used || found.is_revoked {
        // Two have it, and nobody knows which of them is the thief (RFC 6819 5.2.2.3).
        state.grants.revoke_family(found.family);
        state.history.add(entry("invalid_grant"));
        return Err("invalid_grant");
    }
    let within = |scope: &str| scope.split(' ').all(|word| found.scope.split(' ').any(|known| known == word));
    if !form.get("scope").is_none_or(within) {
        state.history.add(entry("invalid_scope"));
        return Err("invalid_scope");
    }
    state.history.add(entry("ok"));
    Ok(state.grants.go_on(found.family, client))
}

fn refused(word: &'static str) -> Answer {
    let mut answer = error(if word == "invalid_client" { 401 } else { 400 }, word);
    if word == "invalid_client" {
        answer.headers_mut().insert("www-authenticate", HeaderValue::from_static("Basic realm=\"tokens\""));
    }
    answer
}

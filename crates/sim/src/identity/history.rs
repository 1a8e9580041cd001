//! What happened at the identity provider.

use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::now_ms;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody was asked to agree.
    Authorize,
    /// A code became tokens.
    Code,
    /// A refresh token became tokens.
    Refresh,
    /// A token was revoked.
    Revoke,
    /// An access token was used.
    Use,
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Entry {
    seq: u64,
    at_ms: u64,
    kind: Kind,
    /// `ok`, or the error.
    result: &'static str,
    client: Option<String>,
    family: Option<u64>,
    /// Of a refresh: the generation that it ends.
    generation: Option<u64>,
    /// Of a refresh: how long ago that generation was issued, and how long its access token lives.
    age_ms: Option<u64>,
    lives_ms: Option<u64>,
    is_expired: bool,
    /// Whether a refresh token came that had been used before.
    is_reuse: bool,
}

impl Entry {
    pub(super) fn new(kind: Kind, result: &'static str) -> Self {
        Self {
            seq: 0,
            at_ms: now_ms(),
            kind,
            result,
            client: None,
            family: None,
            generation: None,
            age_ms: None,
            lives_ms: None,
            is_expired: false,
            is_reuse: false,
        }
    }

    pub(super) fn of(mut self, client: &str, family: u64, generation: u64) -> Self {
        (self.client, self.family, self.generation) = (Some(client.to_owned()), Some(family), Some(generation));
        self
    }

    pub(super) fn aged(mut self, age_ms: u64, lives_ms: u64) -> Self {
        (self.age_ms, self.lives_ms) = (Some(age_ms), Some(lives_ms));
        self
    }

    pub(super) fn expired(mut self, is_expired: bool) -> Self {
        self.is_expired = is_expired;
        self
    }

    pub(super) fn reuse(mut self, is_reuse: bool) -> Self {
        self.is_reuse = is_reuse;
        self
    }
}

#[derive(Default)]
pub(super) struct History(Vec<Entry>);

impl History {
    pub(super) fn add(&mut self, entry: Entry) {
        let seq = self.0.len() as u64 + 1;
        self.0.push(Entry { seq, ..entry });
    }

    pub(super) fn since(&self, seq: u64) -> Vec<&Entry> {
        self.0.iter().filter(|entry| entry.seq > seq).collect()
    }

    pub(super) fn stats(&self) -> Value {
        let count = |wanted: fn(&Entry) -> bool| self.0.iter().filter(|entry| wanted(entry)).count();
        json!({
            "total": self.0.len(),
            "refreshed": count(|entry| entry.kind == Kind::Refresh && entry.result == "ok"),
            "reused": count(|entry| entry.is_reuse),
            "used": count(|entry| entry.kind == Kind::Use),
            "used_expired": count(|entry| entry.kind == Kind::Use && entry.is_expired),
        })
    }
}

//! Codes, tokens and the families that they belong to: all that came of one agreement.

use std::collections::HashMap;

use super::client::Client;
use crate::clock::now_ms;
use crate::digest::sha256_hex;

/// How long a code may be used.
const CODE_MS: u64 = 60_000;

/// What a code stands for.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) scope: String,
    /// Whether a refresh token was asked for.
    pub(super) is_offline: bool,
    pub(super) issued_ms: u64,
    /// The family that came of it, once it was used.
    pub(super) family: Option<u64>,
}

/// A family of tokens.
struct Family {
    client: String,
    scope: String,
    generation: u64,
    issued_ms: u64,
    is_revoked: bool,
}

/// An access token that somebody uses.
pub(super) struct Access {
    pub(super) client: String,
    pub(super) family: u64,
    pub(super) generation: u64,
    pub(super) expires_ms: u64,
    pub(super) is_revoked: bool,
}

/// A refresh token that somebody brings.
pub(super) struct Refresh {
    pub(super) client: String,
    pub(super) family: u64,
    pub(super) generation: u64,
    pub(super) scope: String,
    pub(super) age_ms: u64,
    /// Whether the family has gone on without it.
    pub(super) is_used: bool,
    pub(super) is_revoked: bool,
}

/// Tokens that are handed out.
pub(super) struct Issued {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) scope: String,
}

#[derive(Default)]
pub(super) struct Grants {
    clients: HashMap<String, Client>,
    codes: HashMap<String, Code>,
    families: Vec<Family>,
    /// Family, generation, end, and whether it alone is revoked.
    access: HashMap<String, (u64, u64, u64, bool)>,
    /// Family and generation.
    refresh: HashMap<String, (u64, u64)>,
    made: u64,
}

impl Grants {
    pub(super) fn register(&mut self, client: Client) {
        self.clients.insert(client.id.clone(), client);
    }

    pub(super) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.get(id)
    }

    /// A text that nobody guesses who has not seen it; good enough for a simulator.
    fn fresh(&mut self, prefix: &str) -> String {
        self.made += 1;
        let seed = format!("{prefix} {} {} {:p}", self.made, now_ms(), self);
        format!("{prefix}{}", sha256_hex(seed.as_bytes()))
    }

    pub(super) fn add_code(&mut self, code: Code) -> String {
        let text = self.fresh("code-");
        self.codes.insert(text.clone(), code);
        text
    }

    /// Uses a code up. One that was used before takes back what came of it (RFC 6749 4.1.2).
    pub(super) fn take_code(&mut self, text: &str) -> Option<Code> {
        let code = self.codes.get(text)?.clone();
        if let Some(family) = code.family {
            self.revoke_family(family);
            return None;
        }
        (now_ms() < code.issued_ms + CODE_MS).then_some(code)
    }

    /// A new family, for that code.
    pub(super) fn begin(&mut self, text: &str, code: &Code, client: &Client) -> (u64, Issued) {
        let family = self.families.len() as u64;
        let (scope, issued_ms) = (code.scope.clone(), now_ms());
        self.families.push(Family { client: client.id.clone(), scope, generation: 1, issued_ms, is_revoked: false });
        if let Some(code) = self.codes.get_mut(text) {
            code.family = Some(family);
        }
        let refresh = (client.refreshes && code.is_offline).then(|| self.fresh("rt-"));
        (family, self.issue(family, client, refresh))
    }

    /// The next generation of a family.
    pub(super) fn go_on(&mut self, family: u64, client: &Client) -> Issued {
        if let Some(family) = self.family(family) {
            family.generation += 1;
            family.issued_ms = now_ms();
        }
        let refresh = client.rotates.then(|| self.fresh("rt-"));
        self.issue(family, client, refresh)
    }

    fn issue(&mut self, at: u64, client: &Client, refresh: Option<String>) -> Issued {
        let access = self.fresh("at-");
        let Some(family) = self.family(at) else { return Issued { access, refresh, scope: String::new() } };
        let (generation, scope) = (family.generation, family.scope.clone());
        let expires_ms = family.issued_ms + client.lives_s * 1_000;
        self.access.insert(access.clone(), (at, generation, expires_ms, false));
        match &refresh {
            Some(refresh) => drop(self.refresh.insert(refresh.clone(), (at, generation))),
            // The one that stays goes on with its family.
            None => self.refresh.values_mut().filter(|(of, _)| *of == at).for_each(|(_, known)| *known = generation),
        }
        Issued { access, refresh, scope }
    }

    fn family(&mut self, at: u64) -> Option<&mut Family> {
        self.families.get_mut(usize::try_from(at).ok()?)
    }

    pub(super) fn access(&mut self, token: &str) -> Option<Access> {
        let (at, generation, expires_ms, is_revoked) = *self.access.get(token)?;
        let family = self.family(at)?;
        let is_revoked = is_revoked || family.is_revoked;
        Some(Access { client: family.client.clone(), family: at, generation, expires_ms, is_revoked })
    }

    pub(super) fn refresh(&mut self, token: &str) -> Option<Refresh> {
        let (at, generation) = *self.refresh.get(token)?;
        let family = self.family(at)?;
        Some(Refresh {
            client: family.client.clone(),
            family: at,
            generation,
            scope: family.scope.clone(),
            age_ms: now_ms().saturating_sub(family.issued_ms),
            is_used: generation < family.generation,
            is_revoked: family.is_revoked,
        })
    }

    pub(super) fn revoke_family(&mut self, at: u64) {
        if let Some(family) = self.family(at) {
            family.is_revoked = true;
        }
    }

    pub(super) fn revoke_access(&mut self, token: &str) {
        if let Some((.., is_revoked)) = self.access.get_mut(token) {
            *is_revoked = true;
        }
    }

    pub(super) fn revoke_all(&mut self) {
        self.families.iter_mut().for_each(|family| family.is_revoked = true);
    }
}

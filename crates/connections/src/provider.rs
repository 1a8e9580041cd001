//! A provider of connections, as the configuration describes it.

use std::fmt;
use std::sync::Arc;

use ownkey_vault::Secret;
use tokio::sync::OnceCell;

/// Where somebody agrees, and where his tokens come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where a browser goes.
    pub authorize: String,
    /// Where codes and refresh tokens become tokens.
    pub token: String,
    /// Where tokens are revoked (RFC 7009); absent where they can't be.
    pub revoke: Option<String>,
    /// Whether whoever comes back from there always says who answers (RFC 9207).
    pub says_who: bool,
}

/// How its endpoints are known.
#[derive(Debug, Clone)]
pub enum Place {
    /// The configuration names them.
    Known(Endpoints),
    /// The provider describes itself below this URL (OpenID Connect Discovery, RFC 8414).
    Issuer(String),
}

/// How Ownkey proves at the token endpoint who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// In the header (`client_secret_basic`).
    Header,
    /// In the body (`client_secret_post`).
    Body,
}

/// A provider.
#[derive(Clone)]
pub struct Provider {
    /// What people call it.
    pub title: String,
    /// Its endpoints.
    pub place: Place,
    /// What Ownkey is called there.
    pub client_id: String,
    /// Its secret; absent for a public client, which has PKCE alone.
    pub client_secret: Option<Arc<Secret>>,
    /// Where the secret goes.
    pub authentication: ClientAuthentication,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// What stands between two scopes.
    pub scope_separator: char,
    /// What its authorization endpoint needs besides what the standard says.
    pub authorize_parameters: Vec<(String, String)>,
    /// Errors besides `invalid_grant` by which it says that a grant is over.
    pub final_errors: Vec<String>,
    /// Whether revoking a token there ends all that the account has ever agreed to, and not only what came of one
    /// agreement. Then tokens that newer ones replace are left alone.
    pub revocation_ends_all: bool,
    /// Whether endpoints that it names may be without TLS, though they are not on this machine.
    pub allow_plain_http: bool,
    pub(crate) discovered: Arc<OnceCell<Endpoints>>,
}

impl Provider {
    /// One that does as the standards say.
    pub fn new(title: String, place: Place, client_id: String) -> Self {
        Self {
            title,
            place,
            client_id,
            client_secret: None,
            authentication: ClientAuthentication::Header,
            scopes: Vec::new(),
            scope_separator: ' ',
            authorize_parameters: Vec::new(),
            final_errors: Vec::new(),
            revocation_ends_all: false,
            allow_plain_http: false,
            discovered: Arc::default(),
        }
    }

    /// Who it says it is, where it describes itself.
    pub(crate) fn issuer(&self) -> Option<&str> {
        match &self.place {
            Place::Issuer(issuer) => Some(issuer),
            Place::Known(_) => None,
        }
    }

    /// The scopes as one text.
    pub(crate) fn scope(&self) -> String {
        self.scopes.join(&self.scope_separator.to_string())
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("title", &self.title).field("place", &self.place).finish_non_exhaustive()
    }
}

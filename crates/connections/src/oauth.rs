//! The requests of RFC 6749, 7636 and 7009, made by the crate `oauth2`.

use std::pin::Pin;
use std::time::Duration;

use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
};
use oauth2::{
    AccessToken, AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, RevocationUrl, StandardRevocableToken, TokenResponse, TokenUrl,
};
use ownkey_domain::connection::Asked;
use ownkey_vault::{ProviderKey, Secret};
use tokio::time::Instant;

use crate::answer::Answer;
use crate::http::{Fault, Http};
use crate::provider::{ClientAuthentication, Endpoints, Provider};

/// Longest life that is believed: ten years.
const LIFE_MAX: Duration = Duration::from_secs(315_360_000);

/// Tokens that were just issued.
pub(crate) struct Granted {
    pub(crate) access: ProviderKey,
    /// Absent if the one before stays.
    pub(crate) refresh: Option<Secret>,
    pub(crate) lives: Option<Duration>,
    /// Absent if they are those that were asked for.
    pub(crate) scopes: Option<Vec<String>>,
}

impl Granted {
    /// Whether a token is among them.
    pub(crate) fn holds(&self, token: &Secret) -> bool {
        let is_same = |other: &Secret| other.expose() == token.expose();
        is_same(self.access.as_secret()) || self.refresh.as_ref().is_some_and(is_same)
    }
}

/// No tokens: what that says of the grant, and a stable word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotGranted {
    pub(crate) asked: Asked,
    pub(crate) word: &'static str,
}

/// The word for a request that went out and had no answer in time.
pub(crate) const UNANSWERED: &str = "unanswered";

impl From<Fault> for NotGranted {
    fn from(fault: Fault) -> Self {
        let (asked, word) = match fault {
            Fault::Unreachable => (Asked::Unserved, "unreachable"),
            Fault::TooLate => (Asked::Unserved, "too_late"),
            Fault::TimedOut => (Asked::Unserved, "timed_out"),
            Fault::Unserved => (Asked::Unserved, "unavailable"),
            Fault::Unanswered => (Asked::Unanswered, UNANSWERED),
            Fault::Lost => (Asked::Lost, "answer_lost"),
        };
        Self { asked, word }
    }
}

/// A provider with its endpoints, and the way there.
pub(crate) struct Grants<'a> {
    pub(crate) http: &'a Http,
    pub(crate) provider: &'a Provider,
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) redirect_uri: String,
}

type Client = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// An endpoint is no URL. The configuration is checked, and so is what is discovered.
const UNUSABLE: NotGranted = NotGranted { asked: Asked::Unserved, word: "not_configured" };

impl Grants<'_> {
    fn client(&self) -> Result<Client, NotGranted> {
        let unusable = |_| UNUSABLE;
        let client = oauth2::Client::new(ClientId::new(self.provider.client_id.clone()))
            .set_auth_uri(AuthUrl::new(self.endpoints.authorize.clone()).map_err(unusable)?)
            .set_token_uri(TokenUrl::new(self.endpoints.token.clone()).map_err(unusable)?)
            .set_redirect_uri(RedirectUrl::new(self.redirect_uri.clone()).map_err(unusable)?)
            .set_auth_type(match self.provider.authentication {
                ClientAuthentication::Header => AuthType::BasicAuth,
                ClientAuthentication::Body => AuthType::RequestBody,
            });
        Ok(match &self.provider.client_secret {
            Some(secret) => {
                let text = std::str::from_utf8(secret.expose()).map_err(|_| UNUSABLE)?;
                client.set_client_secret(ClientSecret::new(text.to_owned()))
            }
            None => client,
        })
    }

    /// Whether an answer that says so comes from this provider (RFC 9207). Of one that does not describe itself, nobody
    /// knows what it would say.
    pub(crate) fn is_from(&self, issuer: Option<&str>) -> bool {
        match (self.provider.issuer(), issuer) {
            (Some(expected), Some(issuer)) => expected.trim_end_matches('/') == issuer.trim_end_matches('/'),
            (_, None) => !self.endpoints.says_who,
            (None, Some(_)) => true,
        }
    }

    /// Where a browser goes to agree.
    pub(crate) fn authorize_url(&self, state: &str, verifier: &str) -> Result<String, NotGranted> {
        let verifier = PkceCodeVerifier::new(verifier.to_owned());
        let client = self.client()?;
        let mut request = client
            .authorize_url(|| CsrfToken::new(state.to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        let scope = self.provider.scope();
        if !scope.is_empty() {
            request = request.add_extra_param("scope", scope);
        }
        for (name, value) in &self.provider.authorize_parameters {
            request = request.add_extra_param(name, value);
        }
        let (url, _) = request.url();
        Ok(url.into())
    }

    /// Tokens for the code that a browser came back with.
    pub(crate) async fn by_code(&self, code: &str, verifier: &str) -> Result<Granted, NotGranted> {
        let client = self.client()?;
        let answer = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
            .request_async(&self.sender(None))
            .await;
        self.granted(answer)
    }

    /// Tokens for a refresh token, asked for before that moment or not at all.
    pub(crate) async fn by_refresh(&self, refresh: &Secret, before: Instant) -> Result<Granted, NotGranted> {
        let client = self.client()?;
        let token = RefreshToken::new(text(refresh)?);
        let answer = client.exchange_refresh_token(&token).request_async(&self.sender(Some(before))).await;
        self.granted(answer)
    }

    /// Has a token revoked. `false` where the provider has no way to, or does not say that it did.
    pub(crate) async fn revoke(&self, token: Revoked<'_>) -> bool {
        let Some(uri) = self.endpoints.revoke.as_deref().and_then(|url| url.parse::<http::Uri>().ok()) else {
            return false;
        };
        // The crate takes nothing but https. Where the configuration has plain HTTP, to this machine, it is sent there.
        let Ok(url) = RevocationUrl::new(uri.to_string().replacen("http://", "https://", 1)) else { return false };
        let Ok(client) = self.client() else { return false };
        let client = client.set_revocation_url(url);
        let token = match token {
            Revoked::Access(token) => {
                StandardRevocableToken::AccessToken(AccessToken::new(token.expose_str().to_owned()))
            }
            Revoked::Refresh(token) => match text(token) {
                Ok(text) => StandardRevocableToken::RefreshToken(RefreshToken::new(text)),
                Err(_) => return false,
            },
        };
        let sender = Sender { uri: Some(uri), ..self.sender(None) };
        match client.revoke_token(token) {
            Ok(request) => request.request_async(&sender).await.is_ok(),
            Err(_) => false,
        }
    }

    fn sender(&self, before: Option<Instant>) -> Sender<'_> {
        Sender { http: self.http, before, uri: None }
    }

    fn granted(
        &self,
        answer: Result<Answer, RequestTokenError<Fault, BasicErrorResponse>>,
    ) -> Result<Granted, NotGranted> {
        let tokens = match answer {
            Ok(tokens) => tokens,
            Err(RequestTokenError::ServerResponse(error)) => return Err(self.refused(error.error())),
            Err(RequestTokenError::Request(fault)) => return Err(fault.into()),
            // Its text may hold what was sent, and the error what was read; where it stands is a name of the standard's.
            Err(RequestTokenError::Parse(error, _)) => {
                let (provider, member) = (self.provider.title.as_str(), error.path().to_string());
                tracing::warn!(provider, member, "a provider's answer to a request for tokens can't be read");
                return Err(Fault::Lost.into());
            }
            Err(RequestTokenError::Other(_)) => return Err(Fault::Lost.into()),
        };
        let access = Secret::from(tokens.access_token().secret().clone());
        let separate = |scope: &oauth2::Scope| scope.split(',').map(str::to_owned).collect::<Vec<_>>();
        Ok(Granted {
            access: ProviderKey::new(access).ok_or(Fault::Lost)?,
            refresh: tokens.refresh_token().map(|token| Secret::from(token.secret().clone())),
            lives: tokens.expires_in().map(|lives| lives.min(LIFE_MAX)),
            scopes: tokens.scopes().map(|scopes| scopes.iter().flat_map(separate).collect()),
        })
    }

    /// An error in the standard's words, or in the provider's own, which are not repeated.
    fn refused(&self, error: &BasicErrorResponseType) -> NotGranted {
        let misconfigured = |word| NotGranted { asked: Asked::Misconfigured, word };
        match error {
            BasicErrorResponseType::InvalidGrant => NotGranted { asked: Asked::Refused, word: "refused_by_provider" },
            BasicErrorResponseType::Extension(text) if self.provider.final_errors.contains(text) => {
                NotGranted { asked: Asked::Refused, word: "refused_by_provider" }
            }
            BasicErrorResponseType::InvalidClient => misconfigured("invalid_client"),
            BasicErrorResponseType::Extension(text) if OF_THE_CLIENT.contains(&text.as_str()) => {
                misconfigured("invalid_client")
            }
            BasicErrorResponseType::InvalidRequest => misconfigured("invalid_request"),
            BasicErrorResponseType::InvalidScope => misconfigured("invalid_scope"),
            BasicErrorResponseType::UnauthorizedClient => misconfigured("unauthorized_client"),
            BasicErrorResponseType::UnsupportedGrantType => misconfigured("unsupported_grant_type"),
            BasicErrorResponseType::Extension(text) => {
                let (provider, error) = (self.provider.title.as_str(), word(text));
                tracing::warn!(
                    provider,
                    error,
                    "a provider refuses by a word of its own; if that means that the grant is over, name it in `final_errors`"
                );
                NotGranted { asked: Asked::Unserved, word: "other_error" }
            }
        }
    }
}

/// What Slack and GitHub say for `invalid_client`.
const OF_THE_CLIENT: [&str; 3] = ["bad_client_secret", "invalid_client_id", "incorrect_client_credentials"];

/// A provider's word for an error as it may be logged: if it is one.
fn word(text: &str) -> &str {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if (1..=64).contains(&text.len()) && text.bytes().all(fine) { text } else { "no word" }
}

/// The way of the crate's requests.
struct Sender<'a> {
    http: &'a Http,
    /// They go out before that, or not at all.
    before: Option<Instant>,
    /// Where they go instead.
    uri: Option<http::Uri>,
}

impl<'c> AsyncHttpClient<'c> for Sender<'_> {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Fault>> + Send + 'c>>;

    fn call(&'c self, mut request: HttpRequest) -> Self::Future {
        if let Some(uri) = &self.uri {
            request.uri_mut().clone_from(uri);
        }
        Box::pin(self.http.send(request, self.before))
    }
}

/// A token to revoke.
pub(crate) enum Revoked<'a> {
    Access(&'a ProviderKey),
    Refresh(&'a Secret),
}

fn text(secret: &Secret) -> Result<String, NotGranted> {
    std::str::from_utf8(secret.expose()).map(str::to_owned).map_err(|_| UNUSABLE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::provider::Place;

    #[test]
    fn what_a_provider_says_no_by_is_the_grants_end_the_operators_fault_or_passing() {
        let endpoints = Endpoints { authorize: String::new(), token: String::new(), revoke: None, says_who: false };
        let mut provider = Provider::new("A".to_owned(), Place::Known(endpoints.clone()), "id".to_owned());
        provider.final_errors = vec!["bad_refresh_token".to_owned()];
        let http = Http::new(Duration::from_secs(1)).unwrap();
        let grants = Grants { http: &http, provider: &provider, endpoints: &endpoints, redirect_uri: String::new() };
        for (error, asked) in [
            ("invalid_grant", Asked::Refused),
            ("bad_refresh_token", Asked::Refused),
            ("invalid_client", Asked::Misconfigured),
            ("incorrect_client_credentials", Asked::Misconfigured),
            ("bad_client_secret", Asked::Misconfigured),
            ("overloaded", Asked::Unserved),
        ] {
            let said: BasicErrorResponseType = serde_json::from_value(json!(error)).unwrap();
            assert_eq!(grants.refused(&said).asked, asked, "{error}");
        }
        for text in ["", "a b", "<b>", &"x".repeat(65)] {
            assert_eq!(word(text), "no word", "{text}");
        }
    }
}

//! Providers that are known. What an operator writes beside a preset counts instead.

use ownkey_connections::ClientAuthentication;

/// What is known of a provider.
pub struct Preset {
    /// Its name in `preset`.
    name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Its authorization endpoint.
    pub authorize_url: &'static str,
    /// Its token endpoint.
    pub token_url: &'static str,
    /// Its revocation endpoint.
    pub revoke_url: Option<&'static str>,
    /// Where the client's secret goes.
    pub authentication: ClientAuthentication,
    /// What stands between two scopes.
    pub scope_separator: char,
    /// What its authorization endpoint needs beyond the standard.
    pub authorize_parameters: &'static [(&'static str, &'static str)],
    /// Its own words for a grant that is over.
    pub final_errors: &'static [&'static str],
    /// Whether revoking a token there ends all that the account has agreed to.
    pub revocation_ends_all: bool,
    /// Where its tokens are used.
    pub hosts: &'static [&'static str],
}

/// The names, for errors.
pub const NAMES: &str = "google, slack";

static ALL: [Preset; 2] = [
    Preset {
        name: "google",
        title: "Google",
        authorize_url: "https://accounts.google.com/o/oauth2/v2/auth",
        token_url: "https://oauth2.googleapis.com/token",
        revoke_url: Some("https://oauth2.googleapis.com/revoke"),
        authentication: ClientAuthentication::Body,
        scope_separator: ' ',
        // Without them there is no refresh token, or only the first time that somebody agrees.
        authorize_parameters: &[("access_type", "offline"), ("prompt", "consent")],
        final_errors: &[],
        revocation_ends_all: true,
        hosts: &["www.googleapis.com", "gmail.googleapis.com", "people.googleapis.com", "sheets.googleapis.com"],
    },
    Preset {
        name: "slack",
        title: "Slack",
        authorize_url: "https://slack.com/oauth/v2/authorize",
        token_url: "https://slack.com/api/oauth.v2.access",
        revoke_url: Some("https://slack.com/api/auth.revoke"),
        authentication: ClientAuthentication::Body,
        scope_separator: ',',
        authorize_parameters: &[],
        final_errors: &["invalid_refresh_token", "token_revoked", "token_expired", "account_inactive", "invalid_code"],
        revocation_ends_all: false,
        hosts: &["slack.com"],
    },
];

/// The preset of that name.
pub fn named(name: &str) -> Option<&'static Preset> {
    ALL.iter().find(|preset| preset.name == name)
}

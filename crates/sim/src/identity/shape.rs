//! What well-known providers do otherwise than the standards say, as far as their clients see it.

use serde_json::{Value, json};

use super::client::Client;
use super::form::{Form, encoded};
use super::grants::Issued;

/// Whose ways a client meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Those of the standards.
    #[default]
    Standard,
    /// Refresh tokens only for who asks for them, and the same one for ever; an ID token for who asks to know who came.
    Google,
    /// 200 to everyone, commas between scopes, error words of its own.
    Slack,
}

impl Shape {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "standard" => Some(Self::Standard),
            "google" => Some(Self::Google),
            "slack" => Some(Self::Slack),
            _ => None,
        }
    }

    /// Whether what somebody is sent with leads to a refresh token.
    pub(super) fn is_offline(self, form: &Form) -> bool {
        let says = |name: &str, value: &str| form.get(name) == Some(value);
        self != Self::Google || (says("access_type", "offline") && says("prompt", "consent"))
    }

    /// Whether scopes are written as they are here.
    pub(super) fn takes_scope(self, scope: &str) -> bool {
        self != Self::Slack || !scope.contains(' ')
    }

    /// What a browser brings back besides code and state.
    pub(super) fn brought_back(self, issuer: &str, scope: &str) -> String {
        match self {
            Self::Standard => format!("&iss={}", encoded(issuer)),
            Self::Google => {
                let iss = encoded("https://accounts.google.com");
                format!("&iss={iss}&scope={}&authuser=0&prompt=consent", encoded(scope))
            }
            Self::Slack => String::new(),
        }
    }

    /// Tokens as they are handed out.
    pub(super) fn tokens(self, client: &Client, issued: &Issued) -> Value {
        let mut body = json!({
            "access_token": issued.access, "token_type": "Bearer", "expires_in": client.lives_s, "scope": issued.scope,
        });
        if let Some(refresh) = &issued.refresh {
            body["refresh_token"] = refresh.as_str().into();
        }
        if client.loose {
            body["expires_in"] = client.lives_s.to_string().into();
            body.as_object_mut().map(|members| members.remove("token_type"));
        }
        match self {
            Self::Standard => {}
            Self::Google if issued.scope.split(' ').any(|word| word == "openid") => {
                body["id_token"] = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMTAxNjkifQ.c2lt".into();
            }
            Self::Google => {}
            Self::Slack => {
                body["ok"] = true.into();
                body["token_type"] = "bot".into();
                body["app_id"] = "A0SIM".into();
                body["bot_user_id"] = "U0BOT".into();
                body["team"] = json!({"id": "T0SIM", "name": "Acme"});
                body["enterprise"] = Value::Null;
                body["is_enterprise_install"] = false.into();
                body["authed_user"] = json!({"id": "U0SIM"});
            }
        }
        body
    }

    /// An error of the token endpoint in its own words, where it has such; they come with 200.
    pub(super) fn own_error(self, word: &str, grant: Option<&str>) -> Option<&'static str> {
        if self != Self::Slack {
            return None;
        }
        Some(match (word, grant) {
            ("invalid_grant", Some("refresh_token")) => "invalid_refresh_token",
            ("invalid_grant", _) => "invalid_code",
            ("invalid_client", _) => "bad_client_secret",
            ("unsupported_grant_type", _) => "invalid_grant_type",
            _ => "invalid_arguments",
        })
    }
}

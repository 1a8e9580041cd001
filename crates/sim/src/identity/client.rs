//! Clients: whoever may ask for tokens, and how it proves itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Asked;
use super::form::{Form, decoded};
use super::grants::Grants;
use super::shape::Shape;

/// A client as registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its secret; absent for a public client.
    pub secret: Option<String>,
    /// The only place that browsers are sent back to.
    pub redirect_uri: String,
    /// How long its access tokens live.
    pub lives_s: u64,
    /// Whether it is given refresh tokens.
    pub refreshes: bool,
    /// Whether those change each time.
    pub rotates: bool,
    /// Whether its tokens come as some real providers write them: the life as text, and no type.
    pub loose: bool,
    /// Whose ways it meets.
    pub shape: Shape,
}

impl Client {
    pub(super) fn read(body: &Value) -> Option<Self> {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let shape = body["shape"].as_str().map_or(Some(Shape::Standard), Shape::named)?;
        Some(Self {
            id: text("client_id")?,
            secret: text("client_secret"),
            redirect_uri: text("redirect_uri")?,
            lives_s: body["lives_s"].as_u64()?,
            refreshes: body["refreshes"].as_bool().unwrap_or(true),
            rotates: body["rotates"].as_bool().unwrap_or(shape != Shape::Google),
            loose: body["loose"].as_bool().unwrap_or(false),
            shape,
        })
    }
}

/// The client that a request comes from, or the error of RFC 6749 5.2. It proves itself in one way, not in two.
pub(super) fn authenticated(grants: &Grants, asked: &Asked, form: &Form) -> Result<Client, &'static str> {
    let in_header = asked.header("authorization").map(basic);
    let in_body = (form.get("client_id"), form.get("client_secret"));
    let (id, secret) = match (in_header, in_body) {
        (Some(_), (_, Some(_))) => return Err("invalid_request"),
        (Some(None), _) => return Err("invalid_client"),
        (Some(Some((id, _))), (Some(named), _)) if id != named => return Err("invalid_request"),
        (Some(Some((id, secret))), _) => (id, Some(secret)),
        (None, (Some(id), secret)) => (id.to_owned(), secret.map(str::to_owned)),
        (None, (None, _)) => return Err("invalid_client"),
    };
    let client = grants.client(&id).ok_or("invalid_client")?;
    if client.secret == secret { Ok(client.clone()) } else { Err("invalid_client") }
}

/// Both halves are form-encoded before they are joined (RFC 6749 2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let joined = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let joined = String::from_utf8(joined).ok()?;
    let (id, secret) = joined.split_once(':')?;
    Some((decoded(id)?, decoded(secret)?))
}

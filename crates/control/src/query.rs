//! Query strings: like bodies, only known parameters, each once, and nothing of them in an error.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use ownkey_domain::catalogue::bare;
use ownkey_domain::id::ApiKeyId;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::provider::Provider;
use ownkey_domain::time::Timestamp;
use ownkey_store::Range;

use crate::problem::Problem;

/// The parameters that nobody has taken yet.
pub(crate) struct Params {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(given) =
            Query::try_from_uri(&parts.uri).map_err(|_| Problem::bad_request("The query string can't be read."))?;
        Ok(Self { given, known: Vec::new() })
    }
}

impl Params {
    /// Takes a parameter as text.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        self.known.push(name);
        let Some(at) = self.given.iter().position(|(given, _)| given == name) else { return Ok(None) };
        let (_, value) = self.given.swap_remove(at);
        if self.given.iter().any(|(given, _)| given == name) {
            return Err(problem(name, "must stand once"));
        }
        Ok(Some(value))
    }

    /// Takes a parameter and reads it; `form` says what it must be, in words.
    pub(crate) fn read<T>(
        &mut self,
        name: &'static str,
        form: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        read(&text).map(Some).ok_or_else(|| problem(name, &format!("must be {form}")))
    }

    /// Refuses what nobody has taken.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.given.is_empty() {
            return Ok(());
        }
        let known: Vec<String> = self.known.iter().map(|name| format!("`{name}`")).collect();
        Err(Problem::bad_request(format!("A query parameter is not known here. Known: {}.", known.join(", "))))
    }
}

/// The parameters of lists that are cut by time.
#[expect(dead_code, reason = "says in OpenAPI what `range` reads")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RangeParams {
    /// Not before this time (RFC 3339).
    from: Option<String>,
    /// Before this time (RFC 3339).
    to: Option<String>,
}

/// Takes `from` and `to`.
pub(crate) fn range(params: &mut Params) -> Result<Range, Problem> {
    let mut time = |name| params.read(name, "an RFC 3339 time", Timestamp::parse_rfc3339);
    Ok(Range { from: time("from")?, to: time("to")? })
}

/// Takes `payer`, which calls are filtered by.
pub(crate) fn payer(params: &mut Params) -> Result<Option<PayerKind>, Problem> {
    let all = [PayerKind::Byok, PayerKind::Managed];
    params.read("payer", "`byok` or `managed`", |text| all.into_iter().find(|payer| payer.as_str() == text))
}

/// Takes `provider`, likewise.
pub(crate) fn provider(params: &mut Params) -> Result<Option<Provider>, Problem> {
    params.read("provider", "a provider's id", |text| text.parse().ok())
}

/// Takes `model`, likewise, by any name that a call may use.
pub(crate) fn model(params: &mut Params) -> Result<Option<String>, Problem> {
    Ok(params.text("model")?.map(|name| bare(&name).to_owned()))
}

/// Takes `api_key`, likewise.
pub(crate) fn api_key(params: &mut Params) -> Result<Option<ApiKeyId>, Problem> {
    params.read("api_key", "the id of a platform key", |text| text.parse().ok())
}

fn problem(name: &'static str, fault: &str) -> Problem {
    Problem::bad_request(format!("The query parameter `{name}` {fault}.")).with("member", name)
}

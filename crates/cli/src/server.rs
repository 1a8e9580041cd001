//! Asks a server.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde_json::Value;

use crate::address::Address;
use crate::failure::Failure;

const CONNECT: Duration = Duration::from_secs(10);
/// A test of a key takes 15 seconds at most; nothing here takes longer.
const ANSWER: Duration = Duration::from_secs(60);
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The variable that holds the platform key.
const API_KEY: &str = "OWNKEY_API_KEY";

/// A server, asked under a platform key.
pub(crate) struct Server {
    http: Client,
    api: Url,
}

impl Server {
    /// The server at that address; the platform key is in the environment.
    pub(crate) fn new(address: &Address) -> Result<Self, Failure> {
        let api = address.url.join("/api/v1/").map_err(|_| Failure::Usage("the server's address is none"))?;
        let key = std::env::var(API_KEY).ok().filter(|key| !key.trim().is_empty());
        let key = key.ok_or(Failure::Usage("set OWNKEY_API_KEY to a platform key (`ok_…`) of the workspace"))?;
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", key.trim()))
            .map_err(|_| Failure::Usage("OWNKEY_API_KEY holds no platform key"))?;
        bearer.set_sensitive(true);
        let http = Client::builder();
        // A proxy of the environment would take what is for this machine elsewhere.
        let http = if address.is_here { http.no_proxy() } else { http };
        let http = http
            .default_headers(HeaderMap::from_iter([(header::AUTHORIZATION, bearer)]))
            // A redirect would take keys to whoever is named in it.
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .build()
            .map_err(|error| Failure::NotReached(format!("cannot set up TLS: {error}")))?;
        Ok(Self { http, api })
    }

    /// Reads what is at a path under `/api/v1/`.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Failure> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(self.http.get(url)).await
    }

    /// Sends a body there.
    pub(crate) async fn send_to(&self, method: Method, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.http.request(method, self.url(path)?).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_string())).await
    }

    /// Removes what is there.
    pub(crate) async fn delete(&self, path: &str) -> Result<(), Failure> {
        self.send(self.http.delete(self.url(path)?)).await.map(drop)
    }

    fn url(&self, path: &str) -> Result<Url, Failure> {
        self.api.join(path).map_err(|_| Failure::Usage("that can't be part of an address"))
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value, Failure> {
        let mut response = request.send().await.map_err(|error| self.not_reached(error))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.not_reached(error))? {
            body.extend_from_slice(&piece);
            if body.len() > ANSWER_BYTES_MAX {
                return Err(self.not_ownkey());
            }
        }
        if status == StatusCode::NO_CONTENT {
            return Ok(Value::Null);
        }
        let answer: Value = serde_json::from_slice(&body).map_err(|_| self.not_ownkey())?;
        if status.is_success() {
            Ok(answer)
        } else if answer.get("code").is_some() {
            Err(Failure::Refused(status, answer))
        } else {
            Err(self.not_ownkey())
        }
    }

    /// Where it is, without what an address may hold beside that.
    fn place(&self) -> String {
        self.api.origin().ascii_serialization()
    }

    fn not_reached(&self, error: reqwest::Error) -> Failure {
        let why = if error.is_timeout() { "it takes too long".to_owned() } else { innermost(&error) };
        Failure::NotReached(format!("no server answers at {}: {why}\n  What to do: look at OWNKEY_URL", self.place()))
    }

    fn not_ownkey(&self) -> Failure {
        let place = self.place();
        Failure::NotReached(format!("what answers at {place} is no Ownkey server\n  What to do: look at OWNKEY_URL"))
    }
}

/// The cause behind all others, which names neither address nor header.
fn innermost(error: &reqwest::Error) -> String {
    let first = std::error::Error::source(error);
    let causes = std::iter::successors(first, |cause| cause.source());
    causes.last().map_or_else(|| "it broke off".to_owned(), ToString::to_string)
}

//! Where this installation is in a browser, and whether a request comes from its own pages. Cookies go along with
//! whatever a browser sends, so what another site's page made it send must not count.

use std::net::IpAddr;

use http::header::{CONTENT_TYPE, HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use ownkey_vault::Origin;

use crate::problem::Problem;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where this installation is.
#[derive(Debug, Clone)]
pub struct Site {
    base: String,
    public: Option<Origin>,
}

/// How a request is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// By a cookie: it must prove where it comes from.
    Cookie,
    /// By what is in its body. A browser says where it comes from; other programs say nothing.
    Body,
}

impl Site {
    /// At its public URL if it has one, else where it listens.
    pub fn new(public: Option<Origin>, listening: &Origin) -> Self {
        Self { base: bare(public.as_ref().unwrap_or(listening)), public }
    }

    /// The address of one of its paths.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A link to one of its pages. The token stands behind `#`, which browsers send to nobody.
    pub(crate) fn link(&self, page: &str, token: &str) -> String {
        format!("{}/{page}#{token}", self.base)
    }

    /// Refuses what another site's page may have sent.
    pub(crate) fn admit(&self, parts: &Parts, trust: Trust) -> Result<(), Problem> {
        let authority = authority(parts).ok_or_else(unknown_host)?;
        if !self.is_ours(authority) {
            return Err(unknown_host());
        }
        if parts.method.is_safe() {
            return Ok(());
        }
        let proven = match (text(parts, &SEC_FETCH_SITE), text(parts, &ORIGIN)) {
            (Some(site), _) => site == "same-origin",
            (None, Some(origin)) => self.is_same(origin, authority),
            (None, None) => trust == Trust::Body,
        };
        if !proven {
            return Err(cross_site());
        }
        let has_body = matches!(parts.method, Method::POST | Method::PUT | Method::PATCH);
        if has_body && !is_json(parts.headers.get(CONTENT_TYPE)) {
            return Err(Problem::unsupported_media_type("The body must be `application/json`."));
        }
        Ok(())
    }

    /// Whether a browser that was sent here under that name may be: another site's name may lead here, if whoever has
    /// it wants that. An address can't be made to.
    fn is_ours(&self, authority: &str) -> bool {
        let Ok(origin) = Origin::of_url(&format!("http://{authority}")) else { return false };
        let host = origin.host();
        let is_address = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let is_public = self.public.as_ref().is_some_and(|public| public.host() == host);
        is_address || host == "localhost" || host.ends_with(".localhost") || is_public
    }

    /// Under the public name only the public URL's own scheme and port; else whatever the request itself was sent to.
    fn is_same(&self, origin: &str, authority: &str) -> bool {
        let host = |authority: &str| Origin::of_url(&format!("http://{authority}")).ok().map(|origin| origin.host());
        match &self.public {
            Some(public) if host(authority) == Some(public.host()) => Origin::of_url(origin).as_ref() == Ok(public),
            _ => origin.split_once("://").is_some_and(|(_, bare)| bare.eq_ignore_ascii_case(authority)),
        }
    }
}

/// Without the port that goes without saying.
fn bare(origin: &Origin) -> String {
    let text = origin.to_string();
    let usual = match origin.scheme().as_str() {
        "https" => ":443",
        _ => ":80",
    };
    text.strip_suffix(usual).map_or(text.clone(), str::to_owned)
}

fn authority(parts: &Parts) -> Option<&str> {
    match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => text(parts, &HOST),
    }
}

fn text<'p>(parts: &'p Parts, name: &HeaderName) -> Option<&'p str> {
    // What is no text is not absent: it is nothing that we'd accept.
    parts.headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

fn is_json(value: Option<&HeaderValue>) -> bool {
    let essence = value.and_then(|value| value.to_str().ok()).and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn unknown_host() -> Problem {
    let detail = "This server is not known under that host name. The operator sets it as `public_url`.";
    Problem::new(StatusCode::FORBIDDEN, "unknown_host", "Not this server", detail)
}

fn cross_site() -> Problem {
    let detail = "A signed-in browser may send this from this server's own pages only.";
    Problem::new(StatusCode::FORBIDDEN, "cross_site", "Sent by another site", detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;
    use http::Request;

    fn origin(text: &str) -> Origin {
        Origin::of_url(text).unwrap()
    }

    fn site() -> Site {
        Site::new(Some(origin("https://keys.example.com")), &origin("http://127.0.0.1:8080"))
    }

    fn sent(method: &str, headers: &[(&str, &str)], trust: Trust) -> Result<(), u16> {
        let mut request = Request::builder().method(method).uri("/api/v1/session");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        site().admit(&parts, trust).map_err(|problem| problem.into_response().status().as_u16())
    }

    #[test]
    fn links_hold_the_token_where_no_server_sees_it() {
        assert_eq!(site().link("invite", "abc"), "https://keys.example.com/invite#abc");
        let local = Site::new(None, &origin("http://127.0.0.1:8080"));
        assert_eq!(local.link("setup", "abc"), "http://127.0.0.1:8080/setup#abc");
        assert_eq!(Site::new(None, &origin("http://127.0.0.1")).link("a", "b"), "http://127.0.0.1/a#b");
    }

    #[test]
    fn other_names_lead_nowhere() {
        for host in
            ["keys.example.com", "KEYS.example.com:443", "localhost:1", "a.localhost", "127.0.0.1:8080", "[::1]:9"]
        {
            assert_eq!(sent("GET", &[("host", host)], Trust::Cookie), Ok(()), "{host}");
        }
        for host in
            ["evil.example", "keys.example.com.evil.example", "localhost.evil.example", "", "a b", "x@127.0.0.1"]
        {
            assert_eq!(sent("GET", &[("host", host)], Trust::Cookie), Err(403), "{host}");
        }
        assert_eq!(sent("GET", &[], Trust::Cookie), Err(403));
    }

    #[test]
    fn changes_come_from_our_own_pages() {
        const JSON: (&str, &str) = ("content-type", "application/json");
        let from = |headers: &[(&'static str, &'static str)], trust| {
            sent("POST", &[&[("host", "keys.example.com"), JSON], headers].concat(), trust)
        };
        for trust in [Trust::Cookie, Trust::Body] {
            for ours in [("sec-fetch-site", "same-origin"), ("origin", "https://keys.example.com")] {
                assert_eq!(from(&[ours], trust), Ok(()), "{ours:?}");
            }
            for others in [
                ("sec-fetch-site", "same-site"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "none"),
                ("origin", "https://evil.example"),
                ("origin", "https://keys.example.com:8443"),
                ("origin", "http://keys.example.com"),
                ("origin", "null"),
                ("origin", ""),
            ] {
                assert_eq!(from(&[others], trust), Err(403), "{others:?}");
            }
            let both = [("sec-fetch-site", "cross-site"), ("origin", "https://keys.example.com")];
            assert_eq!(from(&both, trust), Err(403));
        }
        assert_eq!(from(&[], Trust::Cookie), Err(403));
        assert_eq!(from(&[], Trust::Body), Ok(()));
        let local = [("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")];
        assert_eq!(sent("DELETE", &local, Trust::Cookie), Ok(()));
        // What a form can send.
        assert_eq!(sent("POST", &local, Trust::Cookie), Err(415));
        let form = [("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080"), ("content-type", "text/plain")];
        assert_eq!(sent("POST", &form, Trust::Cookie), Err(415));
    }
}

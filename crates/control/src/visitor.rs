//! Somebody who is not known yet: on his way in, by a password or a link.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::USER_AGENT;
use http::request::Parts;

use crate::control::Control;
use crate::problem::Problem;
use crate::site::Trust;

const USER_AGENT_CHARS_MAX: usize = 200;

/// Where a request comes from, as an extension of it. The composition root knows which proxies to believe.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub IpAddr);

/// Whoever comes, if no other site's page made his browser come.
pub(crate) struct Visitor {
    pub(crate) address: IpAddr,
    pub(crate) browser: Browser,
}

/// What somebody comes with, shortened.
pub(crate) struct Browser(pub(crate) String);

impl Browser {
    fn of(parts: &Parts) -> Self {
        let text = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self(text.chars().take(USER_AGENT_CHARS_MAX).collect())
    }
}

fn address(parts: &Parts) -> IpAddr {
    parts.extensions.get::<ClientAddress>().map_or(Ipv4Addr::UNSPECIFIED.into(), |address| address.0)
}

impl<S: Sync> FromRequestParts<S> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

impl FromRequestParts<Arc<Control>> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, control: &Arc<Control>) -> Result<Self, Problem> {
        control.parts.site.admit(parts, Trust::Body)?;
        Ok(Self { address: address(parts), browser: Browser::of(parts) })
    }
}

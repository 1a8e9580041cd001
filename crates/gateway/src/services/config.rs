//! A metered service as configured.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use ownkey_domain::service::Service;
use ownkey_providers::metered::Measure;
use ownkey_vault::ProviderKey;
use zeroize::Zeroizing;

use crate::upstream::BaseUrl;

/// A metered service.
#[derive(Debug)]
pub struct Metered {
    /// Its name and price.
    pub service: Service,
    /// What it is measured by.
    pub measure: Measure,
    /// Where it is; absent if it is used elsewhere, and only booked here.
    pub reach: Option<Reach>,
}

/// How a service is reached.
#[derive(Debug)]
pub struct Reach {
    /// What its paths are below.
    pub base: BaseUrl,
    /// How the operator is known there; absent if his credential is not configured.
    pub credential: Option<Credential>,
    /// How long it may take to answer, and between two pieces of its answer.
    pub timeout: Duration,
    /// Largest request body; absent for that of all calls.
    pub body_bytes_max: Option<usize>,
}

/// The operator's credential, and where it goes in a request.
pub struct Credential {
    /// The header.
    pub header: HeaderName,
    /// What stands before the secret in it.
    pub prefix: String,
    /// The secret.
    pub secret: Arc<ProviderKey>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: …", self.header)
    }
}

impl Credential {
    /// The header's value; `None` if no header can carry it.
    pub fn value(&self) -> Option<HeaderValue> {
        let text = Zeroizing::new(format!("{}{}", self.prefix, self.secret.expose_str()));
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

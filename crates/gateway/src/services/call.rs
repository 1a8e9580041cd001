//! A call of a service: what came, and what goes out.

use std::sync::Arc;
use std::time::Instant;

use http::Request;
use http::request::Parts as Head;
use ownkey_domain::id::RequestId;

use super::config::{Credential, Reach};
use super::path::ServicePath;
use super::receipt::OpenReceipt;
use crate::directory::Caller;
use crate::error::{Code, Error};
use crate::forward::{Lease, Outgoing};
use crate::headers;
use crate::read::RequestBody;

/// A call of a known caller. Its receipt is open: however the call ends, it is written down.
pub struct Call<'a> {
    /// Its id.
    pub id: RequestId,
    /// When it came, for measuring.
    pub started: Instant,
    /// Its head as it came.
    pub head: &'a Head,
    /// The service that it names, and what below it.
    pub path: ServicePath<'a>,
    /// Who calls.
    pub caller: Arc<Caller>,
    /// Its receipt.
    pub receipt: OpenReceipt,
}

impl Call<'_> {
    /// It as it goes to the service: as it came, but for what is the caller's own, and with the operator's credential.
    pub fn request(
        &self,
        (reach, credential): (&Reach, &Credential),
        body: &RequestBody,
        lease: Lease,
    ) -> Result<Request<Outgoing>, Error> {
        // Nothing below a bare host is its root.
        let is_bare = reach.base.prefix().is_empty() && self.path.rest.is_empty();
        let rest = if is_bare { "/" } else { self.path.rest };
        let uri = reach.base.uri(rest, self.head.uri.query());
        let pieces = if body.bytes.is_empty() { Vec::new() } else { vec![body.bytes.clone()] };
        let mut request = Request::new(Outgoing::new(pieces, lease, Arc::clone(&body.room)));
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = uri.map_err(|_| Error::bad_request("The path or query cannot be forwarded."))?;
        *request.headers_mut() = headers::to_service(&self.head.headers);
        let unusable =
            || Error::new(Code::ManagedUnavailable, "The operator's credential cannot be sent. Ask the operator.");
        let value = credential.value().ok_or_else(unusable)?;
        request.headers_mut().insert(credential.header.clone(), value);
        Ok(request)
    }
}

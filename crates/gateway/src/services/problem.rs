//! Errors of metered services, as RFC 9457 problem documents like those of the management API.

use bytes::Bytes;
use http::Response;
use http::header::HeaderValue;
use ownkey_domain::ledger::Shortage;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::Outcome;
use ownkey_domain::service::Ending;
use serde_json::{Map, Value, json};

use super::receipt::OpenReceipt;
use crate::body::Body;
use crate::error::{Code, Error};
use crate::headers::PAYER;
use crate::ledger::HoldRefused;

/// Of a service it is always the operator: its credential is his.
pub const PAYS: HeaderValue = HeaderValue::from_static(PayerKind::Managed.as_str());

/// An error with what else its document says.
#[derive(Debug)]
pub struct Problem {
    /// The error.
    pub error: Error,
    members: Map<String, Value>,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self { error, members: Map::new() }
    }
}

impl From<HoldRefused> for Problem {
    fn from(refused: HoldRefused) -> Self {
        let short = |message: String| Self::from(Error::new(Code::InsufficientCredits, message));
        match refused {
            HoldRefused::Away => Self::from(Error::overloaded("Credits cannot be moved at the moment. Try again shortly.")),
            HoldRefused::Short(Shortage::Credits { needed, balance, available }) => short(format!(
                "This call needs a hold of {needed} credits; the balance is {balance}, of which {available} are not held \
                 by other calls. Add credits."
            ))
            .with("hold", needed.to_string())
            .with("balance", balance.to_string())
            .with("available", available.to_string()),
            HoldRefused::Short(Shortage::Budget { .. }) => short("A budget does not cover this call.".to_owned()),
        }
    }
}

impl Problem {
    /// The same, as the end of a call: its receipt says what the caller is told, and the answer says who pays if a request
    /// went out.
    pub fn ending(mut self, mut receipt: OpenReceipt) -> Self {
        receipt.note(|receipt| {
            receipt.status = self.error.status().as_u16();
            receipt.error = Some(self.error.code.as_str().to_owned());
        });
        if receipt.has_payer() {
            self.error = self.error.with_header(PAYER, PAYS);
        }
        let ending = receipt.ending_by(&self.error);
        if ending == Ending::BrokenOff {
            self.error
                .message
                .push_str(" It may have done its work all the same, so the call is charged what it asked for.");
        }
        // A journal that fails is logged there.
        let _ = receipt.close(ending, Outcome::Failed);
        self
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The answer that tells it.
    pub fn respond(mut self) -> Response<Body> {
        let code = self.error.code.as_str();
        let own = json!({
            "type": format!("urn:ownkey:problem:{code}"),
            "title": title(self.error.code),
            "status": self.error.status().as_u16(),
            "detail": self.error.message,
            "code": code,
        });
        if let Value::Object(own) = own {
            self.members.extend(own);
        }
        let document = Value::Object(self.members).to_string();
        self.error.respond_with(Bytes::from(document), "application/problem+json")
    }
}

const fn title(code: Code) -> &'static str {
    match code {
        Code::Unauthorized => "Not authenticated",
        Code::Forbidden => "Not allowed",
        Code::PathNotSupported => "Not found",
        Code::InsufficientCredits => "Too few credits",
        Code::RateLimited => "Too many requests",
        Code::RequestTooLarge => "Body too large",
        Code::BadRequest => "Bad request",
        Code::NeedsReauth => "The connection needs somebody",
        Code::ManagedUnavailable | Code::ProviderUnavailable | Code::ProviderRateLimited => "The service fails",
        _ => "Not available at the moment",
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use ownkey_domain::money::MicroCredits;

    use super::*;

    #[tokio::test]
    async fn a_shortage_names_hold_and_balance() {
        let credits = |text| MicroCredits::parse(text).unwrap();
        let shortage = Shortage::Credits { needed: credits("2.5"), balance: credits("3"), available: credits("1") };
        let response = Problem::from(HoldRefused::Short(shortage)).respond();
        assert_eq!(response.status(), 402);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["x-ownkey-error"], "insufficient_credits");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["hold"], &body["balance"], &body["available"]), (&json!("2.5"), &json!("3"), &json!("1")));
        assert_eq!((&body["status"], &body["code"]), (&json!(402), &json!("insufficient_credits")));
        assert!(body["detail"].as_str().unwrap().contains("2.5"));
    }
}

//! What a receipt tells of a response that the provider keeps: whose it is, and what one in the background used.

#![deny(clippy::as_conversions, clippy::float_arithmetic)]

use ownkey_domain::money::PicoUsd;
use ownkey_domain::payer::PayerKind;
use ownkey_domain::receipt::Receipt;
use ownkey_domain::response::{ChainTokens, ResponseId, ResponseNote};
use ownkey_domain::usage::{Measured, Usage};
use ownkey_providers::answer::{Served, Stored};
use ownkey_providers::facts;
use ownkey_providers::stray::may_hold_key;

/// Notes on the receipt of an answer, priced by now, what is to be known of its response later.
pub fn note(receipt: &mut Receipt, served: &Served) {
    let id = served.response_id.as_deref().filter(|id| !may_hold_key(id)).and_then(|id| id.parse().ok());
    receipt.response = if served.is_deferred { set_apart(receipt, id) } else { made(receipt, served, id) };
}

/// What an earlier call used is not this one's. Whether it is counted here all the same is decided where all receipts
/// come together.
fn set_apart(receipt: &mut Receipt, id: Option<ResponseId>) -> Option<ResponseNote> {
    let usage = std::mem::take(&mut receipt.usage);
    let cost_usd = receipt.cost_usd.replace(PicoUsd::ZERO);
    receipt.measured = Measured::Unknown;
    let counts = receipt.payer == Some(PayerKind::Byok) && usage != Usage::default();
    Some(ResponseNote::Told { id: id?, usage: Box::new(usage), cost_usd }).filter(|_| counts)
}

/// A managed response is its workspace's to go on from. One on an own key is the key's, and of interest only as long as
/// nobody has told what it used.
fn made(receipt: &Receipt, served: &Served, id: Option<ResponseId>) -> Option<ResponseNote> {
    let stored = served.stored?;
    let is_pending = receipt.measured != Measured::Measured && matches!(stored, Stored::InBackground { .. });
    if receipt.payer? == PayerKind::Byok && !is_pending {
        return None;
    }
    let chain = ChainTokens::after(&receipt.usage, facts(receipt.provider?).accounting);
    Some(ResponseNote::Made { id: id?, chain })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ownkey_domain::id::{RequestId, WorkspaceId};
    use ownkey_domain::money::MicroCredits;
    use ownkey_domain::provider::Provider;
    use ownkey_domain::receipt::{Outcome, Timing};
    use ownkey_domain::time::Timestamp;
    use ownkey_domain::usage::TokenClass;
    use uuid::Uuid;

    fn used() -> Usage {
        Usage::default().with(TokenClass::Input, 7).with(TokenClass::Output, 5)
    }

    fn receipt(payer: PayerKind, usage: Usage) -> Receipt {
        Receipt {
            id: RequestId::from_uuid(Uuid::nil()),
            at: Timestamp::from_millis(0),
            workspace: WorkspaceId::from_uuid(Uuid::nil()),
            api_key: None,
            agent: None,
            user: None,
            client_request_id: None,
            route: String::new(),
            service: None,
            provider: Some(Provider::OpenAi),
            model: None,
            model_served: None,
            stream: false,
            payer: Some(payer),
            credential: None,
            status: 200,
            error: None,
            outcome: Outcome::Complete,
            credits: MicroCredits::ZERO,
            overrun: MicroCredits::ZERO,
            included: false,
            cost_usd: Some(PicoUsd::new(99)),
            price_version: None,
            credit_rate: None,
            usage,
            measured: if usage.is_empty() { Measured::Unknown } else { Measured::Measured },
            attempts: Vec::new(),
            timing: Timing::default(),
            settlement: None,
            response: None,
        }
    }

    /// What is noted of a response that is kept so, made by a call of that usage.
    fn made_by(payer: PayerKind, usage: Usage, stored: Option<Stored>) -> Option<ChainTokens> {
        let mut receipt = receipt(payer, usage);
        let served = Served { response_id: Some("resp_1".to_owned()), stored, ..Served::unknown() };
        note(&mut receipt, &served);
        assert_eq!((receipt.usage, receipt.cost_usd), (usage, Some(PicoUsd::new(99))));
        receipt.response.map(|noted| match noted {
            ResponseNote::Made { id, chain } if id.as_str() == "resp_1" => chain,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_response_is_noted_for_whoever_needs_it() {
        use PayerKind::{Byok, Managed};
        let background = |is_over| Some(Stored::InBackground { is_over });
        let (whole, none, foreground) = (Some(ChainTokens::new(12)), Usage::default(), Some(Stored::InForeground));
        for (payer, usage, stored, expected) in [
            (Managed, used(), foreground, whole),
            (Managed, none, foreground, Some(ChainTokens::UNKNOWN)),
            (Managed, used(), None, None),
            (Byok, used(), foreground, None),
            (Byok, none, foreground, None),
            (Byok, none, background(false), Some(ChainTokens::UNKNOWN)),
            (Byok, none, background(true), Some(ChainTokens::UNKNOWN)),
            (Byok, used(), background(true), None),
        ] {
            assert_eq!(made_by(payer, usage, stored), expected, "{payer:?} {stored:?}");
        }
    }

    #[test]
    fn what_an_earlier_call_used_is_set_apart() {
        let told = |payer, id: Option<&str>, usage| {
            let mut receipt = receipt(payer, usage);
            note(&mut receipt, &Served { response_id: id.map(str::to_owned), is_deferred: true, ..Served::unknown() });
            assert_eq!((receipt.usage, receipt.measured), (Usage::default(), Measured::Unknown));
            assert_eq!(receipt.cost_usd, Some(PicoUsd::ZERO));
            receipt.response
        };
        let id = "resp_1".parse().unwrap();
        let expected = ResponseNote::Told { id, usage: Box::new(used()), cost_usd: Some(PicoUsd::new(99)) };
        assert_eq!(told(PayerKind::Byok, Some("resp_1"), used()), Some(expected));
        for nothing in [
            told(PayerKind::Managed, Some("resp_1"), used()),
            told(PayerKind::Byok, Some("resp_1"), Usage::default()),
            told(PayerKind::Byok, Some("../1"), used()),
            told(PayerKind::Byok, Some("sk-proj-AAAAAAAAAAAAAAAAAAAAAAAA"), used()),
            told(PayerKind::Byok, None, used()),
        ] {
            assert_eq!(nothing, None);
        }
    }
}

//! What an answer says of itself: usage, model, tier. Here for plain answers; [`crate::stream`] reads streams.

use ownkey_domain::price::Unit;
use ownkey_domain::usage::{Measured, Usage};

use crate::json::TopLevel;
use crate::route::Route;

/// Whether the tokens tell what the provider bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Billing {
    /// Tokens times price.
    #[default]
    ByTokens,
    /// The tokens are shown and not billed.
    Nothing,
    /// Something besides these tokens is billed: fees of a tool, a surcharge, another model's tokens. The cost
    /// can't be known from them.
    BeyondTokens,
}

/// A response that the provider keeps, as an answer shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// The call that asked for it waited for it.
    InForeground,
    /// It is made while nobody waits.
    InBackground {
        /// Whether it is made by now, or has failed.
        is_over: bool,
    },
}

/// What an answer says of itself. What it did not say is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Tokens in the provider's own classes.
    pub usage: Usage,
    /// Whether those are its last word.
    pub measured: Measured,
    /// What it used of another unit, where it is billed by that and not by tokens.
    pub units: Option<(Unit, u64)>,
    /// Whether they tell the bill.
    pub billing: Billing,
    /// The model that served.
    pub model: Option<String>,
    /// The tier that served, as the catalogue names it; absent if the answer names none.
    pub service_tier: Option<String>,
    /// The provider's id of the answer.
    pub response_id: Option<String>,
    /// How the provider keeps it by that id, if it does.
    pub stored: Option<Stored>,
    /// Whether the usage is that of an earlier call, which counts once however often it is told.
    pub is_deferred: bool,
}

impl Served {
    /// An answer that says nothing.
    pub fn unknown() -> Self {
        Self {
            usage: Usage::default(),
            measured: Measured::Unknown,
            units: None,
            billing: Billing::ByTokens,
            model: None,
            service_tier: None,
            response_id: None,
            stored: None,
            is_deferred: false,
        }
    }
}

/// Reads a plain answer as it passes, whatever its size, in bounded memory.
pub struct AnswerMeter {
    route: &'static Route,
    /// `None` for an answer that is no JSON: it may look like some, and says nothing of itself.
    members: Option<TopLevel>,
}

impl AnswerMeter {
    /// For an answer to such a call.
    pub fn new(route: &'static Route) -> Self {
        Self { route, members: Some(TopLevel::new(route.answer.wanted)) }
    }

    /// For an answer that is no JSON.
    pub fn blind(route: &'static Route) -> Self {
        Self { route, members: None }
    }

    /// The next piece of the body.
    pub fn feed(&mut self, bytes: &[u8]) {
        if let Some(members) = &mut self.members {
            members.feed(bytes);
        }
    }

    /// What it said, once it ended or broke off.
    pub fn finish(self) -> Served {
        let served = self.members.map(|members| (self.route.answer.served)(&members.finish()));
        self.route.bill(served.unwrap_or_else(Served::unknown))
    }
}

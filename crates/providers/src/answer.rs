//! What an answer says of itself: usage, model, tier. Here for plain answers; [`crate::stream`] reads streams.

use ownkey_domain::usage::{Measured, Usage};

use crate::json::TopLevel;
use crate::route::Route;

/// Whether the usage tells what the provider bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Billing {
    /// Usage times price.
    #[default]
    ByUsage,
    /// The usage is shown and not billed.
    Nothing,
    /// Something besides this usage is billed: the time of a tool, a fee or a surcharge that is not known here. The cost
    /// can't be known from it.
    BeyondUsage,
}

/// A part of an answer that is priced by itself: another model's, or one with a prompt of its own length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its model, if that is not the answer's.
    pub model: Option<String>,
    /// What it used.
    pub usage: Usage,
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
    /// All that is billed, in the provider's own classes.
    pub usage: Usage,
    /// Whether that is its last word.
    pub measured: Measured,
    /// What of it is priced apart; nothing if all of it is priced as one.
    pub parts: Vec<Part>,
    /// Whether it tells the bill.
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
    /// Whether its usage tells of something that nobody here knows, so that what it costs may not be all.
    pub has_unheard: bool,
}

impl Served {
    /// An answer that says nothing.
    pub fn unknown() -> Self {
        Self {
            usage: Usage::default(),
            measured: Measured::Unknown,
            parts: Vec::new(),
            billing: Billing::ByUsage,
            model: None,
            service_tier: None,
            response_id: None,
            stored: None,
            is_deferred: false,
            has_unheard: false,
        }
    }
}

/// Reads a plain answer as it passes, whatever its size, in bounded memory.
pub struct AnswerMeter {
    route: &'static Route,
    /// `None` for an answer that is no JSON: it may look like some, and says nothing of itself.
    members: Option<Box<TopLevel>>,
}

impl AnswerMeter {
    /// For an answer to such a call.
    pub fn new(route: &'static Route) -> Self {
        Self { route, members: Some(Box::new(TopLevel::new(route.answer.wanted))) }
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
        let served = self.members.map(|members| members.finish(self.route.answer.served));
        self.route.bill(served.unwrap_or_else(Served::unknown))
    }
}

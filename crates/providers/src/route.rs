//! The kinds of call that are served: one row each, in the table of the provider whose path it is. One more path is
//! one more row, and a reader of its usage where none of those that are there fits.

use std::fmt;

use http::Method;
use ownkey_domain::catalogue::Mode;
use ownkey_domain::response::ResponseId;
use ownkey_domain::usage::{Measured, Usage};

use crate::answer::{Billing, Served, Stored};
use crate::json::{Json, Wanted};
use crate::managed::Terms;
use crate::peek::Peek;
use crate::stream::Dialect;

/// How a path is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `DELETE`
    Delete,
}

impl Verb {
    /// The word itself.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }

    /// The method.
    pub const fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Post => Method::POST,
            Self::Delete => Method::DELETE,
        }
    }
}

/// What the provider bills for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// What it used.
    Usage,
    /// Nothing: it asks no model, or the provider says that it is free.
    Nothing,
    /// Nothing either, but where it shows a response that was made in the background, it tells what that one used.
    Deferred,
    /// Something that nobody here knows.
    Unknown,
}

/// A kind of call, and all that is special about it.
#[derive(Clone, Copy)]
pub struct Route {
    /// How the path is called.
    pub verb: Verb,
    /// The path, as receipts name it. `{id}` stands for any one segment.
    pub template: &'static str,
    /// What the provider bills.
    pub charge: Charge,
    /// Whether its answer has tokens of output.
    pub has_output: bool,
    /// The kinds of models that are called here.
    pub modes: &'static [Mode],
    /// Whether the events of its streams have names, that of an error among them.
    pub names_events: bool,
    /// What of its body is acted on.
    pub(crate) body: Body,
    /// How its answer is read.
    pub(crate) answer: Reading,
    /// Whether all output of a model is seen in a stream, given whether the request has what hides some; `None` if its
    /// tokens can't be seen there.
    pub(crate) shows: Option<fn(model: &str, hides: bool) -> bool>,
    /// Tokens of output at most of each answer, where no request can bound them and no model does.
    pub(crate) makes: Option<fn(&Peek) -> Option<u64>>,
    /// How its stream is read, given how many answers were asked for.
    pub(crate) dialect: fn(answers: u32) -> Dialect,
    /// The parameter of the query by which its stream goes on behind an event.
    pub(crate) resumes: Option<&'static str>,
    /// What a managed call may carry; `None` if managed access does not serve it.
    pub(crate) managed: Option<&'static Terms>,
}

/// What of a request body is acted on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Body {
    /// There is none, or nothing of it matters.
    Ignored,
    /// JSON, with these members besides its model and whether it asks for a stream.
    Json(Members),
    /// The same as fields of a form, of which others are files.
    Form(Members),
}

/// Members of a request body that are acted on.
#[derive(Debug, Clone, Copy)]
pub struct Members {
    /// The names of the output limit; the first is the one to write in.
    pub limits: &'static [&'static str],
    /// Which of them a model knows, if not all know the same.
    pub limit_of: Option<fn(model: &str) -> &'static str>,
    /// Members that say how many answers are made.
    pub answers: &'static [&'static str],
    /// The member that may be a list of prompts, each of which is answered apart.
    pub prompts: Option<&'static str>,
    /// The text whose characters are counted, for models that are sold by them.
    pub counted: Option<&'static str>,
    /// Whether a stream tells its usage only if asked to.
    pub asks_usage: bool,
    /// Whether the provider takes `null` for a model.
    pub null_model: bool,
    /// The one by which output is billed that nobody sees.
    pub hides: Option<&'static str>,
    /// The member that names the response it goes on from.
    pub previous: Option<&'static str>,
    /// The flag by which the answer is made while nobody waits for it.
    pub background: Option<&'static str>,
}

impl Members {
    /// Nothing else matters.
    pub(crate) const NONE: Self = Self {
        limits: &[],
        limit_of: None,
        answers: &[],
        prompts: None,
        counted: None,
        asks_usage: false,
        null_model: false,
        previous: None,
        background: None,
        hides: None,
    };
}

/// How a whole answer is read.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    /// What of it matters.
    pub(crate) wanted: Wanted,
    /// What they say.
    pub(crate) served: fn(&Json<'_>) -> Served,
}

impl Route {
    /// Whether a stream's usage must be asked for.
    pub const fn asks_usage(&self) -> bool {
        self.members().asks_usage
    }

    /// Whether managed access serves any such call.
    pub fn can_be_managed(&self) -> bool {
        self.managed.is_some()
    }

    /// Whether a request can bound its output.
    pub const fn takes_limit(&self) -> bool {
        !self.members().limits.is_empty()
    }

    /// Tokens of output at most of each answer to that request, where that is known though nothing bounds them.
    pub fn makes(&self, asked: &Peek) -> Option<u64> {
        self.makes.and_then(|makes| makes(asked))
    }

    /// Whether how much it makes at most is taken from what such calls made, and proved by nothing.
    pub const fn is_guessed(&self) -> bool {
        self.makes.is_some()
    }

    /// Whether the tokens of a stream of such a call can be counted while it passes. Those of hidden reasoning can't, and
    /// are billed all the same; so in doubt they can't be counted. Nor can those of an answer in the background, which is
    /// made to its end whoever reads along.
    pub fn shows_output(&self, asked: &Peek, model: &str) -> bool {
        asked.stream && !asked.background && self.shows.is_some_and(|shows| shows(model, asked.hides))
    }

    /// Whether models of that kind are called by it. Where no kind has a path of its own, all are.
    pub fn serves(&self, mode: Mode) -> bool {
        self.modes.is_empty() || self.modes.contains(&mode)
    }

    /// The name by which an output limit of that model is written in.
    pub(crate) fn limit_name(&self, model: &str) -> Option<&'static str> {
        let Members { limits, limit_of, .. } = self.members();
        limit_of.map(|name| name(model)).or(limits.first().copied())
    }

    /// The member that names the response it goes on from, if it can go on from one.
    pub const fn previous(&self) -> Option<&'static str> {
        self.members().previous
    }

    /// Whether managed calls of the kind may have a query.
    pub fn takes_query(&self) -> bool {
        self.managed.is_some_and(|terms| !terms.query.is_empty())
    }

    /// Whether that parameter of its query makes its stream the rest of one, which may be nothing at all.
    pub fn is_resumed_by(&self, parameter: &str) -> bool {
        self.resumes == Some(parameter)
    }

    /// Whether nothing of its body matters.
    pub(crate) const fn reads_nothing(&self) -> bool {
        matches!(self.body, Body::Ignored)
    }

    /// Whether its body may be a form.
    pub const fn is_form(&self) -> bool {
        matches!(self.body, Body::Form(_))
    }

    /// The members of its body that are acted on.
    pub(crate) const fn members(&self) -> Members {
        match self.body {
            Body::Json(members) | Body::Form(members) => members,
            Body::Ignored => Members::NONE,
        }
    }

    /// Whether the provider bills nothing for it.
    pub fn is_free(&self) -> bool {
        matches!(self.charge, Charge::Nothing | Charge::Deferred)
    }

    /// Whether nothing of it is metered, so that only who calls at his own expense may make it.
    pub fn is_unmetered(&self) -> bool {
        self.charge == Charge::Unknown
    }

    /// What its answer says, with what the provider bills for it. A call that is free uses nothing: the usage it may
    /// show is another call's, or an estimate of one. If nobody else can have told it, it is set apart.
    pub(crate) fn bill(&self, served: Served) -> Served {
        let is_told = served.stored == Some(Stored::InBackground { is_over: true }) && !served.usage.is_empty();
        match self.charge {
            Charge::Usage => served,
            Charge::Unknown => Served { billing: Billing::BeyondUsage, ..Served::unknown() },
            Charge::Deferred if is_told => Served { is_deferred: true, ..served },
            Charge::Deferred | Charge::Nothing => Served {
                usage: Usage::default(),
                parts: Vec::new(),
                measured: Measured::Unknown,
                billing: Billing::Nothing,
                stored: None,
                has_unheard: false,
                ..served
            },
        }
    }

    /// The id in such a path of the object that the call is about, if it is about one.
    pub fn object<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut segments = self.template.split('/').zip(path.split('/'));
        segments.find_map(|(expected, segment)| (expected == "{id}").then_some(segment))
    }

    /// Whether it is at that path.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        let mut segments = path.split('/');
        let mut expected = self.template.split('/');
        loop {
            match (expected.next(), segments.next()) {
                (None, None) => return true,
                (Some("{id}"), Some(id)) if ResponseId::is_one(id) => {}
                (Some(name), Some(segment)) if name == segment => {}
                _ => return false,
            }
        }
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb.as_str(), self.template)
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        (self.verb, self.template) == (other.verb, other.template)
    }
}

impl Eq for Route {}

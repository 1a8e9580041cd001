//! Managed calls are a closed world: only what is known to be priced passes, and nothing that names an object in the
//! operator's account. What is known of each kind of call stands in its provider's module, as [`Terms`]. Calls on own keys
//! whose cost must be bounded are looked through by the same tables: there only what may cost more is objected to.

mod look;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_priced;

use std::sync::Arc;

use ownkey_domain::catalogue::Model;
use ownkey_domain::provider::Provider;
use ownkey_domain::usage::Unit;

use self::look::Findings;
pub use self::look::{Look, Members, Words};
use crate::form::{Payload, is_form};
use crate::registry::facts;
use crate::route::Route;
use crate::stray::may_hold_key;

/// The longest name from a request that an error repeats.
const NAMED_LEN_MAX: usize = 64;

/// Tools within a tool, which are the caller's own.
pub(crate) static CALLERS_TOOLS: Look<'static> =
    Look::Each(&Look::Object(&[("type", &Look::Word(Words { what: "the tool", known: &["function", "custom"] }))]));

/// What managed calls of one kind may carry.
pub struct Terms {
    /// Members of the request body.
    pub members: &'static [&'static str],
    /// Those that must be there, because without them the answer does not tell what it used; with each how it is to be
    /// written.
    pub needs: &'static [(&'static str, &'static str)],
    /// Types of tools; one without a type is the caller's own.
    pub tools: &'static [&'static str],
    /// Service tiers that may be asked for. A call that names none is as one that names the first.
    pub tiers: &'static [Tier],
    /// Parameters of the query that pass, whatever they say.
    pub query: &'static [&'static str],
    /// What is looked at in members whose price effect depends on their value, or that can hold references.
    pub look: Members<'static>,
    /// The same of members on which it depends whether the answer tells what it used. What a call can cost at most does not.
    pub tells: Members<'static>,
    /// What holds in place of all this for models that are sold by that unit.
    pub by_unit: &'static [(Unit, &'static Terms)],
}

/// A service tier that may be asked for, with those of the catalogue that may answer. The first of them must have a price.
pub type Tier = (&'static str, &'static [&'static str]);

impl Terms {
    /// Those that hold for models that are sold by that unit, or by tokens.
    fn of(&'static self, unit: Option<Unit>) -> &'static Self {
        let found = self.by_unit.iter().find(|(sold_by, _)| Some(*sold_by) == unit);
        found.map_or(self, |(_, terms)| *terms)
    }

    /// The tiers of the catalogue that may answer where that one was asked for.
    fn answered_in(&self, asked: Option<&str>) -> &'static [&'static str] {
        let named = |asked| self.tiers.iter().find(|(name, _)| *name == asked);
        asked.map_or(self.tiers.first(), named).map_or(&[], |(_, tiers)| *tiers)
    }
}

/// What managed calls to one provider may carry in headers of its own.
pub(crate) struct Headers {
    /// Those that pass.
    pub(crate) names: &'static [&'static str],
    /// The one of them that turns features on.
    pub(crate) beta: Option<&'static str>,
    /// The values that it may have.
    pub(crate) betas: &'static [&'static str],
}

/// What the operator lets pass besides, at list price.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extensions {
    /// Values of the header that turns features on.
    pub betas: Vec<String>,
    /// Types of tools.
    pub tools: Vec<String>,
}

/// Why a call can't be managed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// Its price effect is not known.
    #[error("{0} has no price here")]
    NotPriced(String),
    /// It names an object in the provider's account, which is not the caller's.
    #[error("{0} names an object in an account that is not the caller's")]
    Reference(String),
    /// It would leave something in the provider's account, which is not the caller's.
    #[error("{0} leaves something in an account that is not the caller's")]
    Kept(String),
    /// Its answer would not tell what it used.
    #[error("without {0} its answer does not tell what it used")]
    Untold(&'static str),
    /// Managed access does not serve its path.
    #[error("the path `{0}` is for own keys only")]
    Unserved(&'static str),
    /// A member stands twice, so that two readers could see two requests.
    #[error("a member of the request body is there more than once")]
    Duplicate,
    /// It is neither a JSON object nor a form. Bodies that were peeked into are.
    #[error("the request body is not a JSON object")]
    Unreadable,
}

/// What the size of a call's input and its price are judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    /// How many messages it has.
    pub messages: u64,
    /// Whether it brings tools.
    pub has_tools: bool,
    /// The service tiers of the catalogue that may answer it; none stands for any.
    pub tiers: &'static [&'static str],
    /// Whether it names input that lies with the provider. Of managed calls none does.
    pub refers: bool,
}

/// Whose account at the provider a call goes out on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Account {
    /// The operator's: what others have there is out of reach, and nothing may be left there.
    Operators,
    /// The caller's own, where he may do as he likes.
    Own,
}

/// What managed calls of one kind and model may carry. Whatever equals it comes to the same result for a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedWorld {
    route: &'static Route,
    account: Account,
    /// What the model is sold by in place of tokens.
    unit: Option<Unit>,
    /// The service tiers that are priced for the model.
    tiers: Vec<&'static str>,
    extensions: Arc<Extensions>,
}

impl ClosedWorld {
    /// For such calls of that model.
    pub fn of(route: &'static Route, model: Option<&Model>, extensions: &Arc<Extensions>) -> Self {
        let is_priced = |tier: &&str| model.is_some_and(|model| model.prices.has_tier(tier));
        let unit = model.and_then(|model| model.prices.by_unit());
        let tiers = route.managed.iter().flat_map(|terms| terms.of(unit).tiers);
        let tiers = tiers.filter(|(_, answers)| answers.first().is_some_and(is_priced)).map(|(name, _)| *name);
        let (account, tiers) = (Account::Operators, tiers.collect());
        Self { route, account, unit, tiers, extensions: Arc::clone(extensions) }
    }

    /// The same for a call on the caller's own key, of which only what may cost more than its tokens is objected to.
    #[must_use]
    pub fn on_own_key(self) -> Self {
        Self { account: Account::Own, ..self }
    }

    /// Looks through the body of such a call, in time that grows with its size and memory that does not.
    pub fn look_through(&self, body: Payload<'_>) -> Result<Shape, Objection> {
        let unserved = || Objection::Unserved(self.route.template);
        let terms = self.route.managed.ok_or_else(unserved)?.of(self.unit);
        if self.route.reads_nothing() && body.bytes.trim_ascii().is_empty() {
            return Ok(Shape::default());
        }
        let more = self.extensions.tools.iter().map(String::as_str);
        let tools: Vec<_> = terms.tools.iter().copied().chain(more).collect();
        let kind_of_tool = Look::Word(Words { what: "the tool", known: &tools });
        let tool = Look::Object(&[("type", &kind_of_tool), ("tools", &CALLERS_TOOLS)]);
        let (tools, tier) = (Look::Each(&tool), Look::Word(Words { what: "the service tier", known: &self.tiers }));
        let own = [("tools", &tools), ("service_tier", &tier)];
        let (needs, tells) = match self.account {
            Account::Operators => (terms.needs, terms.tells),
            Account::Own => (&[][..], &[][..]),
        };
        let look_at = |member: &str| {
            let found = own.iter().chain(terms.look).chain(tells).find(|(name, _)| *name == member);
            found.map_or(&Look::Any, |(_, look)| *look)
        };
        let members: Vec<_> = terms.members.iter().map(|member| (*member, look_at(member))).collect();
        let mut findings = Findings::of(self.account);
        let found = if is_form(self.route, body.kind) {
            look::walk_form(body, &members, &mut findings)
        } else {
            look::walk(body.bytes, &members, &mut findings)
        };
        let found = found?;
        let find = |name: &str| found.iter().find(|found| found.name == name);
        if let Some((_, written)) = needs.iter().find(|(name, _)| !find(name).is_some_and(look::Found::says)) {
            return Err(Objection::Untold(written));
        }
        let items = |name| find(name).map_or(0, look::Found::items);
        Ok(Shape {
            messages: items("messages") + items("input"),
            has_tools: items("tools") > 0,
            tiers: terms.answered_in(find("service_tier").and_then(look::Found::word)),
            refers: findings.refers,
        })
    }
}

/// Looks at the name of a parameter in the query of a managed call.
pub fn look_at_parameter(route: &Route, name: &str) -> Result<(), Objection> {
    let is_known = route.managed.is_some_and(|terms| terms.query.contains(&name));
    if is_known { Ok(()) } else { Err(not_priced("the parameter", name)) }
}

/// The headers of a provider's own that its managed calls may carry.
pub fn headers(provider: Provider) -> &'static [&'static str] {
    facts(provider).managed_headers.names
}

/// The header that turns a provider's features on, if it has one.
pub fn beta_header(provider: Provider) -> Option<&'static str> {
    facts(provider).managed_headers.beta
}

/// Looks through one value of the header that turns features on.
pub fn look_at_beta(provider: Provider, beta: &str, extensions: &Extensions) -> Result<(), Objection> {
    let known =
        facts(provider).managed_headers.betas.contains(&beta) || extensions.betas.iter().any(|more| more == beta);
    if known { Ok(()) } else { Err(not_priced("the beta", beta)) }
}

/// Says what has no price. A name is repeated only if it looks like one.
pub(crate) fn not_priced(what: &str, name: &str) -> Objection {
    Objection::NotPriced(named(what, name))
}

/// Says what does not tell its kind, and so has no price either.
pub(crate) fn untyped(what: &str) -> Objection {
    Objection::NotPriced(format!("{what} without a `type`"))
}

/// Says what leaves something behind.
pub(crate) fn kept(what: &str, name: &str) -> Objection {
    Objection::Kept(named(what, name))
}

/// Says what is a reference.
pub(crate) fn reference(what: &str, name: &str) -> Objection {
    Objection::Reference(named(what, name))
}

fn named(what: &str, name: &str) -> String {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let looks_like_a_name = !name.is_empty() && name.len() <= NAMED_LEN_MAX && name.bytes().all(word);
    if looks_like_a_name && !may_hold_key(name) { format!("{what} `{name}`") } else { format!("{what} of an odd name") }
}

//! Managed calls are a closed world: only what is known to be priced passes, and nothing that names an object in the
//! operator's account. What is known of each kind of call stands in its provider's module, as [`Terms`].

mod strict;
#[cfg(test)]
mod tests;

use ownkey_domain::catalogue::Model;
use ownkey_domain::provider::Provider;
use serde_json::{Map, Value};

use crate::form::{self, Payload, is_form};
use crate::registry::facts;
use crate::route::Route;

/// The longest name from a request that an error repeats.
const NAMED_LEN_MAX: usize = 64;

/// What managed calls of one kind may carry.
pub(crate) struct Terms {
    /// Members of the request body.
    pub(crate) members: &'static [&'static str],
    /// Types of tools; one without a type is the caller's own.
    pub(crate) tools: &'static [&'static str],
    /// Service tiers, with the tier of the catalogue that prices each.
    pub(crate) tiers: &'static [(&'static str, &'static str)],
    /// Members that must be there with that value, because without it the answer does not tell what it used.
    pub(crate) needs: &'static [(&'static str, &'static str)],
    /// Looks at the values of members whose price effect depends on them, and for references.
    pub(crate) look: fn(member: &str, value: &Value) -> Result<(), Objection>,
}

/// What the operator lets pass besides, at list price.
#[derive(Debug, Clone, Default)]
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
    /// A member stands twice, so that two readers could see two requests.
    #[error("a member of the request body is there more than once")]
    Duplicate,
}

/// What the size of a call's input is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shape {
    /// How many messages it has.
    pub messages: u64,
    /// Whether it brings tools.
    pub has_tools: bool,
}

/// Looks through a managed call.
pub fn look_through(
    route: &Route,
    model: Option<&Model>,
    body: Payload<'_>,
    extensions: &Extensions,
) -> Result<Shape, Objection> {
    let Some(terms) = route.managed else { return Err(Objection::NotPriced(format!("the path `{}`", route.template))) };
    let Value::Object(members) = body.members(route)? else { return Ok(Shape::default()) };
    for (member, value) in &members {
        if !terms.members.contains(&member.as_str()) {
            return Err(not_priced("the member", member));
        }
        (terms.look)(member, value)?;
    }
    for (member, value) in terms.needs {
        if members.get(*member).and_then(Value::as_str) != Some(value) {
            return Err(Objection::NotPriced(format!("the answer without `{member}` as `{value}`")));
        }
    }
    let tools = items(members.get("tools"));
    for tool in tools {
        check_tool(terms, tool, extensions)?;
    }
    if let Some(tier) = members.get("service_tier").filter(|tier| !tier.is_null()) {
        check_tier(terms, tier, model)?;
    }
    let messages = ["messages", "input"].iter().map(|name| items(members.get(*name)).len()).sum::<usize>();
    Ok(Shape { messages: u64::try_from(messages).unwrap_or(u64::MAX), has_tools: !tools.is_empty() })
}

impl Payload<'_> {
    /// The members of the body; of a form its fields, a file being its name's `null`.
    fn members(self, route: &Route) -> Result<Value, Objection> {
        if !is_form(route, self.kind) {
            return strict::parse(self.bytes);
        }
        let fields = form::fields(self.bytes, self.kind).map_err(|_| Objection::Duplicate)?;
        let mut members = Map::new();
        for field in fields {
            let name = field.name.to_owned();
            let value = if field.is_file { Value::Null } else { Value::from(String::from_utf8_lossy(field.value)) };
            let is_list = name.ends_with("[]");
            if members.insert(name, value).is_some() && !is_list {
                return Err(Objection::Duplicate);
            }
        }
        Ok(Value::Object(members))
    }
}

/// Looks through one value of the header that turns features on.
pub fn look_at_beta(provider: Provider, beta: &str, extensions: &Extensions) -> Result<(), Objection> {
    let known = facts(provider).betas.contains(&beta) || extensions.betas.iter().any(|more| more == beta);
    if known { Ok(()) } else { Err(not_priced("the beta", beta)) }
}

fn check_tool(terms: &Terms, tool: &Value, extensions: &Extensions) -> Result<(), Objection> {
    match tool.get("type") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(kind))
            if terms.tools.contains(&kind.as_str()) || extensions.tools.iter().any(|more| more == kind) =>
        {
            Ok(())
        }
        Some(kind) => Err(not_priced("the tool", kind.as_str().unwrap_or_default())),
    }
}

fn check_tier(terms: &Terms, tier: &Value, model: Option<&Model>) -> Result<(), Objection> {
    let asked = tier.as_str().unwrap_or_default();
    let priced_as = terms.tiers.iter().find(|(name, _)| *name == asked).map(|(_, tier)| *tier);
    let has = |tier| model.is_some_and(|model| model.prices.has_tier(tier));
    if priced_as.is_some_and(has) { Ok(()) } else { Err(not_priced("the service tier", asked)) }
}

/// The items of a list; none of anything else.
pub(crate) fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Says what has no price. A name is repeated only if it looks like one.
pub(crate) fn not_priced(what: &str, name: &str) -> Objection {
    Objection::NotPriced(named(what, name))
}

/// Says what is a reference.
pub(crate) fn reference(what: &str, name: &str) -> Objection {
    Objection::Reference(named(what, name))
}

fn named(what: &str, name: &str) -> String {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let looks_like_a_name = !name.is_empty() && name.len() <= NAMED_LEN_MAX && name.bytes().all(word);
    let is_key = name.contains("ok_") || name.contains("sk-");
    if looks_like_a_name && !is_key { format!("{what} `{name}`") } else { format!("{what} of an odd name") }
}

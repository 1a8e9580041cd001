//! What is looked at in a request body, and the walk that looks: it goes along with the parser, keeps nothing of what
//! passes, and so takes the same memory however large the body is.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value};

use super::{Account, Objection, not_priced, untyped};
use crate::form::{self, Payload};

/// What may stand in one place of a body. Places that no table names are passed over.
#[derive(Clone, Copy)]
pub enum Look<'a> {
    /// Anything.
    Any,
    /// Nothing: `null`, `false` or a list without items. Anything else is worth this objection, if it is one there.
    Nothing(fn() -> Objection),
    /// One of these words, or `null`.
    Word(Words<'a>),
    /// One of these words, or `null`. Anything else is worth this objection.
    Only(&'a [&'a str], fn() -> Objection),
    /// A list, of which each item is looked at, or an object, which is looked at as its only one. What is neither is
    /// text, or the provider's to refuse.
    Each(&'a Look<'a>),
    /// An object, of which some members are looked at. What is no object is text, or the provider's to refuse.
    Object(Members<'a>),
    /// An object as well, with a `type` that is one of these words. Nothing else may stand in its place.
    Kind(Words<'a>, Members<'a>),
    /// The same, or a message: that has a `role` and needs no `type`. What has neither and an `id` names an item that lies
    /// elsewhere, as does what says so.
    Item(Words<'a>, Members<'a>),
    /// What such an item says that it is.
    ItemKind(Words<'a>),
}

/// Members of an object, and what may stand in each.
pub type Members<'a> = &'a [(&'a str, &'a Look<'a>)];

/// The words that may stand in a place.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// What such a word names.
    pub what: &'a str,
    /// Those that are known.
    pub known: &'a [&'a str],
}

/// The member that tells what an object is.
const KIND: &str = "type";
/// The member that makes it a message.
const ROLE: &str = "role";
/// The member that names it.
const ID: &str = "id";
/// What an item is that names another one.
const ITEM_REFERENCE: &str = "item_reference";

/// Walks through a JSON object that may have these members only, each once. Tells which it has, and how many items
/// those have that are lists to look through.
pub(super) fn walk<'a>(
    body: &[u8],
    members: Members<'a>,
    findings: &mut Findings,
) -> Result<Vec<Found<'a>>, Objection> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let parsed = json.deserialize_map(Top { members, findings });
    parsed.and_then(|found| json.end().map(|()| found)).map_err(|_| findings.objection())
}

/// Looks in the same way at a form, whose fields are text or files. Those of a list have one name, which says so.
pub(super) fn walk_form<'a>(
    body: Payload<'_>,
    members: Members<'a>,
    findings: &mut Findings,
) -> Result<Vec<Found<'a>>, Objection> {
    let mut found: Vec<Found<'a>> = Vec::new();
    for field in form::fields(body.bytes, body.kind).map_err(|_| Objection::Unreadable)? {
        let Some((name, look)) = members.iter().find(|(known, _)| *known == field.name) else {
            return Err(not_priced("the member", &field.name));
        };
        if found.iter().any(|found| found.name == *name) && !name.ends_with("[]") {
            return Err(Objection::Duplicate);
        }
        let text = std::str::from_utf8(field.value).ok().filter(|_| !field.is_file);
        let seen = Place { look: **look, findings }.plain::<value::Error>(text);
        let told = seen.map_err(|_| findings.objection())?;
        found.push(Found { name, told });
    }
    Ok(found)
}

/// What a walk comes upon.
pub(super) struct Findings {
    account: Account,
    /// Why the walk stopped. Parsers tell errors of their own only, so ours waits here.
    objection: Option<Objection>,
    /// Whether the body names input that lies with the provider, and may.
    pub(super) refers: bool,
}

impl Findings {
    /// Of a walk through a call on that account.
    pub(super) const fn of(account: Account) -> Self {
        Self { account, objection: None, refers: false }
    }

    fn objection(&mut self) -> Objection {
        self.objection.take().unwrap_or(Objection::Unreadable)
    }

    /// Whether that is no objection on an account of one's own.
    fn bears(&mut self, objection: &Objection) -> bool {
        let is_own = self.account == Account::Own;
        let is_reference = matches!(objection, Objection::Reference(_));
        self.refers |= is_own && is_reference;
        is_own && (is_reference || matches!(objection, Objection::Kept(_)))
    }
}

/// A member that was there.
pub(super) struct Found<'a> {
    /// Its name.
    pub(super) name: &'a str,
    told: Told<'a>,
}

/// What stood in a place, as far as anyone wants to know.
#[derive(Clone, Copy)]
enum Told<'a> {
    Null,
    /// One of the words that may stand there.
    Word(&'a str),
    /// So many items of a list, or anything else.
    Items(u64),
}

impl<'a> Found<'a> {
    /// Whether it is anything but `null`.
    pub(super) const fn says(&self) -> bool {
        !matches!(self.told, Told::Null)
    }

    /// How many items it has.
    pub(super) const fn items(&self) -> u64 {
        if let Told::Items(items) = self.told { items } else { 0 }
    }

    /// The word that it is, where only words may stand.
    pub(super) const fn word(&self) -> Option<&'a str> {
        if let Told::Word(word) = self.told { Some(word) } else { None }
    }
}

/// The whole body.
struct Top<'a, 'o> {
    members: Members<'a>,
    findings: &'o mut Findings,
}

/// One place in it.
struct Place<'a, 'o> {
    look: Look<'a>,
    findings: &'o mut Findings,
}

/// The name of a member, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Stops the walk.
fn stop<T, E: Error>(findings: &mut Findings, objection: Objection) -> Result<T, E> {
    findings.objection = Some(objection);
    Err(E::custom("objection"))
}

impl<'a, 'de> Visitor<'de> for Top<'a, '_> {
    type Value = Vec<Found<'a>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            let Some((name, look)) = self.members.iter().find(|(known, _)| *known == name) else {
                return stop(self.findings, not_priced("the member", &name));
            };
            member(&mut map, (name, **look), &mut found, self.findings)?;
        }
        Ok(found)
    }
}

/// Looks at a member, which must be the first of its name: two readers could each take another one.
fn member<'a, 'de, A: MapAccess<'de>>(
    map: &mut A,
    (name, look): (&'a str, Look<'a>),
    found: &mut Vec<Found<'a>>,
    findings: &mut Findings,
) -> Result<(), A::Error> {
    if found.iter().any(|found| found.name == name) {
        return stop(findings, Objection::Duplicate);
    }
    let told = map.next_value_seed(Place { look, findings })?;
    found.push(Found { name, told });
    Ok(())
}

fn item_reference() -> Objection {
    Objection::Reference("the item reference".to_owned())
}

impl<'a> Place<'a, '_> {
    /// What an account of one's own bears is passed over.
    fn unless_borne<E: Error>(self, objection: Objection) -> Result<Told<'a>, E> {
        if self.findings.bears(&objection) { Ok(Told::Items(0)) } else { stop(self.findings, objection) }
    }

    /// What is neither an object nor a list; the word, if it is one.
    fn plain<E: Error>(self, word: Option<&str>) -> Result<Told<'a>, E> {
        match self.look {
            Look::Nothing(why) => self.unless_borne(why()),
            Look::Word(words) => self.word(words.known, word, |word| not_priced(words.what, word)),
            Look::Only(known, why) => self.word(known, word, |_| why()),
            Look::ItemKind(words) => self.word(words.known, word, |word| match word {
                ITEM_REFERENCE => item_reference(),
                _ => not_priced(words.what, word),
            }),
            Look::Kind(words, _) | Look::Item(words, _) => stop(self.findings, untyped(words.what)),
            Look::Any | Look::Each(_) | Look::Object(_) => Ok(Told::Items(0)),
        }
    }

    /// One of the words that are known.
    fn word<E: Error>(
        self,
        known: &'a [&'a str],
        word: Option<&str>,
        otherwise: impl FnOnce(&str) -> Objection,
    ) -> Result<Told<'a>, E> {
        match known.iter().find(|known| Some(**known) == word) {
            Some(known) => Ok(Told::Word(known)),
            None => self.unless_borne(otherwise(word.unwrap_or_default())),
        }
    }

    fn object<'de, A: MapAccess<'de>>(
        self,
        kind: Option<Kind<'a>>,
        members: Members<'a>,
        mut map: A,
    ) -> Result<Told<'a>, A::Error> {
        let mut found = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            let listed = || members.iter().find(|(known, _)| *known == name).map(|(known, look)| (*known, **look));
            match kind.and_then(|kind| kind.look_at(&name)).or_else(listed) {
                Some(look) => member(&mut map, look, &mut found, self.findings)?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let says = |name: &str| found.iter().any(|found| found.name == name && found.says());
        match kind {
            Some(Kind::Typed(words)) if !says(KIND) => stop(self.findings, untyped(words.what)),
            Some(Kind::Item(_)) if says(KIND) || says(ROLE) => Ok(Told::Items(0)),
            Some(Kind::Item(_)) if says(ID) => self.unless_borne(item_reference()),
            Some(Kind::Item(words)) => stop(self.findings, untyped(words.what)),
            _ => Ok(Told::Items(0)),
        }
    }
}

/// What an object must say of itself.
#[derive(Clone, Copy)]
enum Kind<'a> {
    /// Its type.
    Typed(Words<'a>),
    /// The same, or that it is a message.
    Item(Words<'a>),
}

impl<'a> Kind<'a> {
    /// What may stand in the members that say so.
    fn look_at(self, name: &str) -> Option<(&'static str, Look<'a>)> {
        match (self, name) {
            (Self::Typed(words), KIND) => Some((KIND, Look::Word(words))),
            (Self::Item(words), KIND) => Some((KIND, Look::ItemKind(words))),
            (Self::Item(_), ROLE) => Some((ROLE, Look::Any)),
            (Self::Item(_), ID) => Some((ID, Look::Any)),
            _ => None,
        }
    }
}

impl<'a, 'de> DeserializeSeed<'de> for Place<'a, '_> {
    type Value = Told<'a>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Told<'a>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a, 'de> Visitor<'de> for Place<'a, '_> {
    type Value = Told<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Told<'a>, E> {
        if matches!(self.look, Look::Kind(..) | Look::Item(..)) { self.plain(None) } else { Ok(Told::Null) }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Told<'a>, E> {
        if matches!(self.look, Look::Nothing(_)) && !value { Ok(Told::Items(0)) } else { self.plain(None) }
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Told<'a>, E> {
        self.plain(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Told<'a>, E> {
        self.plain(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Told<'a>, E> {
        self.plain(None)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Told<'a>, E> {
        self.plain(Some(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Told<'a>, A::Error> {
        let mut items = 0;
        if let Look::Each(look) = self.look {
            while list.next_element_seed(Place { look: *look, findings: self.findings })?.is_some() {
                items += 1;
            }
            return Ok(Told::Items(items));
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            items += 1;
        }
        if matches!(self.look, Look::Nothing(_)) && items == 0 { Ok(Told::Items(0)) } else { self.plain(None) }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Told<'a>, A::Error> {
        match self.look {
            Look::Object(members) => self.object(None, members, map),
            Look::Kind(words, members) => self.object(Some(Kind::Typed(words)), members, map),
            Look::Item(words, members) => self.object(Some(Kind::Item(words)), members, map),
            Look::Each(look) => Place { look: *look, findings: self.findings }.visit_map(map),
            Look::Any | Look::Nothing(_) | Look::Word(_) | Look::Only(..) | Look::ItemKind(_) => {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                self.plain(None)
            }
        }
    }
}

//! Reads chosen members of a JSON object, with their places, and everything else only to know that it is JSON.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::{MODEL_LEN_MAX, PeekError, Previous};

/// The members of an object that were asked for.
pub(super) struct Members<'a> {
    body: &'a [u8],
    found: Vec<(&'static str, &'a str)>,
    /// Just behind the opening brace.
    pub(super) start: usize,
    /// Whether the object has no members at all.
    pub(super) is_empty: bool,
}

/// A value as it stands in the body.
pub(super) struct Value<'a> {
    text: &'a str,
    start: usize,
}

/// Reads an object that fills the bytes but for white space.
pub(super) fn read<'a>(body: &'a [u8], wanted: &[&'static str]) -> Result<Members<'a>, PeekError> {
    let blank = body.len() - body.trim_ascii_start().len();
    if body.get(blank) != Some(&b'{') {
        // Whether it is JSON at all is the more helpful answer.
        let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
        return Err(if is_json { PeekError::NotAnObject } else { not_json(body) });
    }
    let mut members = Members { body, found: Vec::with_capacity(wanted.len()), start: blank + 1, is_empty: true };
    let mut duplicate = None;
    let mut json = serde_json::Deserializer::from_slice(body);
    let reading = Reading { members: &mut members, wanted, duplicate: &mut duplicate };
    let parsed = json.deserialize_map(reading).and_then(|()| json.end());
    match (duplicate, parsed) {
        (Some(member), _) => Err(PeekError::Duplicate(member)),
        (None, Err(_)) => Err(not_json(body)),
        (None, Ok(())) => Ok(members),
    }
}

/// What is wrong with bytes that are no JSON, and in which line and column, in the parser's words: none of them quote
/// the bytes. Nothing where it has no such words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flaw(Option<String>);

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |words| write!(f, ": {words}"))
    }
}

/// The error of such a body. All of it is read anew, for its members were read apart.
pub(super) fn not_json(body: &[u8]) -> PeekError {
    let mut json = serde_json::Deserializer::from_slice(body);
    let error = Strict.deserialize(&mut json).and_then(|()| json.end()).err();
    // The others are not the parser's own.
    let error = error.filter(|error| matches!(error.classify(), Category::Syntax | Category::Eof));
    PeekError::NotJson(Flaw(error.map(|error| error.to_string())))
}

impl<'a> Members<'a> {
    /// A member, `null` included.
    pub(super) fn value(&self, member: &str) -> Option<Value<'a>> {
        let (_, text) = self.found.iter().find(|(name, _)| *name == member)?;
        // Both lie in the same buffer, so the difference of their addresses is the place.
        let start = text.as_ptr().addr() - self.body.as_ptr().addr();
        Some(Value { text, start })
    }

    /// Where a member's value is.
    pub(super) fn span(&self, member: &str) -> Option<Range<usize>> {
        self.value(member).map(|value| value.span())
    }

    /// A name: a short string without control characters, which no store could keep.
    pub(super) fn text(&self, member: &'static str) -> Result<Option<String>, PeekError> {
        let Some(value) = self.value(member) else { return Ok(None) };
        let text: Option<String> = serde_json::from_str(value.text).ok();
        let fine = |text: &String| text.len() <= MODEL_LEN_MAX && !text.chars().any(char::is_control);
        let expected = "a string of at most 256 bytes without control characters";
        text.filter(fine).map(Some).ok_or(PeekError::WrongType { member, expected })
    }

    /// The same, where `null` stands for none.
    pub(super) fn text_or_null(&self, member: &'static str) -> Result<Option<String>, PeekError> {
        if self.value(member).is_some_and(|value| value.is_null()) { Ok(None) } else { self.text(member) }
    }

    /// A boolean.
    pub(super) fn flag(&self, member: &'static str) -> Result<Option<bool>, PeekError> {
        match self.value(member).map(|value| value.text) {
            None | Some("null") => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(PeekError::WrongType { member, expected: "true or false" }),
        }
    }

    /// How many characters a text has. What is no text is the provider's to refuse.
    pub(super) fn characters(&self, member: &'static str) -> Option<u64> {
        let text: String = serde_json::from_str(self.value(member)?.text).ok()?;
        u64::try_from(text.chars().count()).ok()
    }

    /// How many prompts there are: as many as a list has texts or lists of tokens. A text is one, as is a list of tokens.
    pub(super) fn prompts(&self, member: &'static str) -> u32 {
        let Some(value) = self.value(member) else { return 1 };
        serde_json::Deserializer::from_str(value.text).deserialize_seq(Prompts).unwrap_or(1)
    }

    /// A count of tokens or answers.
    pub(super) fn limit(&self, member: &'static str) -> Result<Option<u32>, PeekError> {
        match self.value(member).map(|value| value.text) {
            None | Some("null") => Ok(None),
            Some(text) => {
                let expected = "a whole number from 0 to 4294967295";
                whole(text).map(Some).ok_or(PeekError::WrongType { member, expected })
            }
        }
    }
}

impl Members<'_> {
    /// The largest of several counts, as far as they are given.
    pub(super) fn largest(&self, members: &[&'static str]) -> Result<Option<u32>, PeekError> {
        members.iter().try_fold(None, |most, member| Ok(most.max(self.limit(member)?)))
    }
}

impl<'a> Value<'a> {
    pub(super) fn span(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    pub(super) fn is_null(&self) -> bool {
        self.text == "null"
    }

    /// What the value names, if it is to name a response.
    pub(super) fn previous(&self) -> serde_json::Result<Previous> {
        if self.is_null() {
            return Ok(Previous::Nothing);
        }
        // Other values of this kind are parsed as what they must be; of this one any is fine that is JSON.
        Strict.deserialize(&mut serde_json::Deserializer::from_str(self.text))?;
        Ok(serde_json::from_str(self.text).map_or(Previous::NoId, Previous::Response))
    }
}

/// A number of JSON that is whole, however it is written: `5`, `5.0`, `5e0`.
fn whole(number: &str) -> Option<u32> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (digits, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let shift = exponent.parse::<i32>().ok()?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let digits = [digits, fraction].concat();
    let places = usize::try_from(shift.unsigned_abs()).ok()?;
    if shift < 0 {
        let (kept, zeros) = digits.split_at_checked(digits.len().checked_sub(places)?)?;
        return kept.parse().ok().filter(|_: &u32| zeros.bytes().all(|zero| zero == b'0'));
    }
    digits.parse::<u32>().ok()?.checked_mul(10_u32.checked_pow(shift.unsigned_abs())?)
}

struct Reading<'m, 'a> {
    members: &'m mut Members<'a>,
    wanted: &'m [&'static str],
    duplicate: &'m mut Option<&'static str>,
}

impl<'a> Visitor<'a> for Reading<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            self.members.is_empty = false;
            let Some(&wanted) = self.wanted.iter().find(|wanted| **wanted == key) else {
                map.next_value_seed(Strict)?;
                continue;
            };
            if self.members.found.iter().any(|(name, _)| *name == wanted) {
                *self.duplicate = Some(wanted);
                return Err(serde::de::Error::custom("duplicate"));
            }
            let value: &'a RawValue = map.next_value()?;
            if value.get().starts_with(['{', '[']) {
                // A raw value is checked for syntax, not for depth: so again, one level deep as it stands here.
                let nested = format!("[{}]", value.get());
                let mut json = serde_json::Deserializer::from_str(&nested);
                Strict.deserialize(&mut json).map_err(serde::de::Error::custom)?;
            }
            self.members.found.push((wanted, value.get()));
        }
        Ok(())
    }
}

/// Counts what in a list is a text or a list.
struct Prompts;

impl<'a> Visitor<'a> for Prompts {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<u32, A::Error> {
        let mut prompts = 0_u32;
        while let Some(item) = items.next_element::<&'a RawValue>()? {
            prompts = prompts.saturating_add(u32::from(item.get().starts_with(['"', '['])));
        }
        Ok(prompts.max(1))
    }
}

/// A key, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Passes over a value and checks all of it: text encoding, numbers, and depth, by the limit of the parser.
struct Strict;

impl<'a> DeserializeSeed<'a> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Strict)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key_seed(Strict)?.is_some() {
            map.next_value_seed(Strict)?;
        }
        Ok(())
    }
}

//! Metered services: how much a request asks for, and how much its answer says that was used.

mod items;

use std::borrow::Cow;

use ownkey_domain::hold::{self, Extent, Size};
use ownkey_domain::service::{Bound, QUANTITY_MAX};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use self::items::Items;
use crate::form::{self, Payload};
use crate::json::{Json, TopLevel, Wanted};
use crate::{mpeg, sound};

/// What a service is measured by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measure {
    /// By calls.
    Calls,
    /// By the tokens that its answers tell.
    Tokens,
    /// By the characters of that member of its requests, a text or a list of texts.
    Characters(String),
    /// By the seconds of sound that its answers tell.
    Seconds(Lasting),
    /// By the items of its answers.
    Items {
        /// The member that is the list of them; the whole answer if absent.
        list: Option<String>,
        /// How many are charged at most.
        most: u64,
    },
}

/// How long what a service is charged for by the second can last at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// As long as the sound that is sent, which every request must have.
    TheSoundSent,
    /// So many seconds, whatever is sent; sound that is known to be shorter makes it shorter.
    AtMost(u64),
    /// As long as the sound that is sent, and [`UNDECLARED_SECONDS`] where nothing tells how long: nobody has said more.
    Undeclared,
}

/// What a call by the second is taken to last at most, where neither the operator nor what is sent tells.
pub const UNDECLARED_SECONDS: u64 = 600;

/// The request does not have what the service is charged by, or does not tell how much of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmeasured {
    /// No text in that member.
    #[error(
        "its body must be a JSON object with the member `{0}` once, a text or a list of texts: it is charged by that"
    )]
    Characters(String),
    /// Sound of any length.
    #[error(
        "how long its sound lasts cannot be told by its bytes, and it is charged by that. Send it whole, as WAV (PCM), MP3, \
         FLAC, Ogg or WebM (Opus, Vorbis) or M4A (AAC)"
    )]
    Seconds,
}

impl Measure {
    /// How much a request with that body may turn out to use.
    pub fn bound(&self, sent: Payload<'_>) -> Result<Bound, Unmeasured> {
        let body = sent.bytes;
        let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
        Ok(match self {
            Self::Calls => Bound::exactly(1),
            Self::Tokens => {
                let size = Size { body_bytes: bytes, messages: 1, ..Size::default() };
                Bound::exactly(hold::prompt(None, &size).unwrap_or(QUANTITY_MAX))
            }
            Self::Characters(member) => {
                Bound::exactly(characters(body, member).ok_or_else(|| Unmeasured::Characters(member.clone()))?)
            }
            Self::Seconds(lasting) => {
                Bound::exactly(lasting.of(sent).ok_or(Unmeasured::Seconds)?).seen_as(frames_of(sent))
            }
            Self::Items { most, .. } => Bound { most: *most, untold: *most, least: 1 },
        })
    }

    /// How much the service itself is said to use in a call, whatever is asked of it.
    pub const fn declared(&self) -> u64 {
        match self {
            Self::Items { most, .. } | Self::Seconds(Lasting::AtMost(most)) => *most,
            Self::Calls | Self::Tokens | Self::Characters(_) => 1,
            Self::Seconds(Lasting::TheSoundSent | Lasting::Undeclared) => 1,
        }
    }

    /// Reads an answer to a request of that bound as it passes. One that is not `readable` says nothing of itself.
    pub fn meter(&self, bound: Bound, is_readable: bool) -> UseMeter {
        UseMeter(match self {
            Self::Calls | Self::Characters(_) => Reader::Known(bound.most),
            _ if !is_readable => Reader::Silent,
            Self::Tokens => Reader::Members(TopLevel::new(TOKENS), tokens),
            Self::Seconds(_) => Reader::Members(TopLevel::new(SECONDS), seconds),
            Self::Items { list, most } => Reader::Items(Items::of(list.as_deref()), *most),
        })
    }
}

/// Reads how much an answer says that was used, whatever its size, in bounded memory.
pub struct UseMeter(Reader);

enum Reader {
    /// The request has told.
    Known(u64),
    Members(TopLevel, fn(&Json<'_>) -> Option<u64>),
    /// No more of them than that are charged.
    Items(Items, u64),
    Silent,
}

impl UseMeter {
    /// The next piece.
    pub fn feed(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Reader::Members(members, _) => members.feed(bytes),
            Reader::Items(items, _) => items.feed(bytes),
            Reader::Known(_) | Reader::Silent => {}
        }
    }

    /// How much was used; `None` if the answer does not say, or not in whole, or what nobody believes.
    pub fn finish(self) -> Option<u64> {
        let told = match self.0 {
            Reader::Known(quantity) => return Some(quantity),
            Reader::Members(members, read) if members.is_whole() => members.finish(read),
            Reader::Items(items, most) => items.finish().map(|count| count.min(most)),
            Reader::Members(..) | Reader::Silent => None,
        };
        told.filter(|quantity| *quantity <= QUANTITY_MAX)
    }
}

const TOKENS: Wanted = Wanted { within: None, members: &["usage"], kinds_of: &[] };
const SECONDS: Wanted = Wanted { within: None, members: &["usage", "duration"], kinds_of: &[] };

fn tokens(answer: &Json<'_>) -> Option<u64> {
    let usage = &answer["usage"];
    let first = |names: [&str; 2]| names.into_iter().find_map(|name| usage[name].as_u64());
    let total = usage["total_tokens"].as_u64();
    total.or_else(|| {
        let input = first(["prompt_tokens", "input_tokens"])?;
        input.checked_add(first(["completion_tokens", "output_tokens"]).unwrap_or(0))
    })
}

impl Lasting {
    /// How many seconds a request can make.
    fn of(self, sent: Payload<'_>) -> Option<u64> {
        let sound = seconds_of(sent).get();
        match self {
            Self::TheSoundSent => sound,
            Self::AtMost(seconds) => Some(sound.map_or(seconds, |sound| sound.min(seconds))),
            Self::Undeclared => Some(sound.unwrap_or(UNDECLARED_SECONDS)),
        }
    }
}

/// How long the sound that was sent lasts at most: the files of a form, or the whole body.
fn seconds_of(sent: Payload<'_>) -> Extent {
    if let Ok(fields) = form::fields(sent.bytes, sent.kind) {
        let files = fields.iter().filter(|field| field.is_file).map(|field| sound::seconds(field.value));
        return files.reduce(Extent::plus).unwrap_or(Extent::Unknown);
    }
    sound::seconds(sent.bytes)
}

/// How long the frames last of the sound that was sent, if all of it is in frames.
fn frames_of(sent: Payload<'_>) -> Option<u64> {
    let Ok(fields) = form::fields(sent.bytes, sent.kind) else { return mpeg::seconds(sent.bytes) };
    let files = fields.iter().filter(|field| field.is_file).map(|field| mpeg::seconds(field.value));
    files.reduce(|sum, next| sum?.checked_add(next?)).flatten()
}

fn seconds(answer: &Json<'_>) -> Option<u64> {
    [&answer["usage"]["seconds"], &answer["duration"]].into_iter().find_map(whole_seconds)
}

/// Seconds, of which one that has begun counts. Some write them with a fraction, and some as text.
fn whole_seconds(value: &Json<'_>) -> Option<u64> {
    let text = match value {
        Json::Number(number) => Cow::from(number.to_string()),
        Json::Text(text) => Cow::from(&**text),
        _ => return None,
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let begun = u64::from(fraction.bytes().any(|b| b != b'0'));
    whole.parse::<u64>().ok()?.checked_add(begun)
}

/// How many characters the texts of a member have; `None` if there is no such member, or more than one.
fn characters(body: &[u8], member: &str) -> Option<u64> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let count = CharactersOf(member).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    count
}

struct CharactersOf<'m>(&'m str);

impl<'de> DeserializeSeed<'de> for CharactersOf<'_> {
    type Value = Option<u64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<u64>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for CharactersOf<'_> {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<u64>, A::Error> {
        let mut count = None;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name != self.0 {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let texts: Texts = map.next_value()?;
            if count.replace(texts.characters()).is_some() {
                // Two readers might take two different ones.
                return Err(serde::de::Error::custom("a member stands twice"));
            }
        }
        Ok(count)
    }
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

impl Texts {
    fn characters(&self) -> u64 {
        let of = |text: &String| u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        match self {
            Self::One(text) => of(text),
            Self::Many(texts) => texts.iter().map(of).fold(0, u64::saturating_add),
        }
    }
}

#[cfg(test)]
mod tests;

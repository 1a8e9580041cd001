//! What of a request body is no text: pictures, documents and sound. Text is counted by its bytes, but a picture has about
//! the same tokens however many bytes it takes, and none in the body if the provider fetches it.
//!
//! Only the places are looked at in which a provider takes such things. Whatever looks like a picture elsewhere, in the
//! input of a tool say, is text to it.

use std::borrow::Cow;
use std::fmt;

use ownkey_domain::provider::Provider;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::form::{Payload, is_form};
use crate::registry::facts;
use crate::route::Route;

/// What such a body has of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Media {
    /// Bytes of pictures and sound within it.
    pub bytes: u64,
    /// Pictures, within it or elsewhere.
    pub images: u64,
    /// Bytes of sound within it.
    pub sound: u64,
    /// Whether it has documents whose length nobody can tell: elsewhere, or packed. A page costs as much as a picture and
    /// its text, and thousands of pages take few bytes, for they may share what is on them.
    pub is_boundless: bool,
}

/// So many bytes of sound in base64 make a token at least: sound at 8 kbit/s has ten tokens a second.
const SOUND_BYTES_PER_TOKEN: u64 = 100;

/// Words without which a body has nothing of the kind, unless it spells them in escapes.
const SIGNS: [&[u8]; 5] = [b"image", b"audio", b"file", b"document", b"\\u00"];

impl Media {
    /// Of the body of such a call.
    pub fn of(body: Payload<'_>, route: &Route) -> Self {
        let may_have = || SIGNS.iter().any(|sign| memchr::memmem::find(body.bytes, sign).is_some());
        if is_form(route, body.kind) || !may_have() {
            return Self::default();
        }
        let mut media = Self::default();
        let mut json = serde_json::Deserializer::from_slice(body.bytes);
        let seen = At { place: Place::Top, media: &mut media }.deserialize(&mut json);
        // What can't be read is refused elsewhere.
        seen.map_or(Self { is_boundless: true, ..Self::default() }, |_| media)
    }

    /// How many tokens it is at most, for that model.
    pub fn tokens(&self, provider: Provider, model: &str) -> u64 {
        if self.is_boundless {
            return u64::MAX;
        }
        let pictures = self.images.saturating_mul((facts(provider).image_tokens)(model));
        pictures.saturating_add(self.sound.div_ceil(SOUND_BYTES_PER_TOKEN))
    }
}

/// Where in a body something stands.
#[derive(Clone, Copy)]
enum Place {
    /// The whole body.
    Top,
    /// Messages, or items of an input.
    Items,
    /// One of them.
    Item,
    /// The parts of its content, or the only one.
    Parts,
    /// What a part holds: bytes, text, or where they are.
    Held,
    /// A string that tells what a part is.
    Kind,
    /// A string that tells how a part is held.
    Source,
    /// Anything else.
    Elsewhere,
}

/// What stood in a place.
enum Told {
    Nothing,
    /// The kind of a part, if it is one that counts.
    Kind(Kind),
    /// So many bytes are in the body.
    Bytes(u64),
    /// What is held is text.
    Text,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Image,
    Sound,
    Document,
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        match name {
            "image" | "image_url" | "input_image" | "computer_screenshot" => Some(Self::Image),
            "input_audio" => Some(Self::Sound),
            "document" | "file" | "input_file" => Some(Self::Document),
            _ => None,
        }
    }
}

/// The name of a member, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct At<'m> {
    place: Place,
    media: &'m mut Media,
}

impl At<'_> {
    /// Where a member of an object here leads.
    fn member(&self, name: &str) -> Place {
        match (self.place, name) {
            (Place::Top, "messages" | "input") => Place::Items,
            (Place::Item | Place::Parts, "content" | "output") => Place::Parts,
            (Place::Parts, "type") => Place::Kind,
            (Place::Parts, "source" | "image_url" | "input_audio" | "file" | "file_data") => Place::Held,
            (Place::Held, "content") => Place::Parts,
            (Place::Held, "type") => Place::Source,
            (Place::Held, "data" | "url" | "file_data") => Place::Held,
            _ => Place::Elsewhere,
        }
    }

    fn part(&mut self, kind: Option<Kind>, bytes: u64, is_text: bool) {
        match kind {
            Some(Kind::Image) => {
                self.media.images += 1;
                self.media.bytes += bytes;
            }
            Some(Kind::Sound) => {
                self.media.sound += bytes;
                self.media.bytes += bytes;
            }
            Some(Kind::Document) if !is_text => self.media.is_boundless = true,
            Some(Kind::Document) | None => {}
        }
    }
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Told;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Told, D::Error> {
        match self.place {
            Place::Elsewhere => deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Told::Nothing),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Told;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Told, E> {
        Ok(match self.place {
            Place::Kind => Kind::named(text).map_or(Told::Nothing, Told::Kind),
            Place::Source if matches!(text, "text" | "content") => Told::Text,
            Place::Held if !text.starts_with("http") => Told::Bytes(text.len() as u64),
            _ => Told::Nothing,
        })
    }

    fn visit_unit<E>(self) -> Result<Told, E> {
        Ok(Told::Nothing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Told, E> {
        Ok(Told::Nothing)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Told, E> {
        Ok(Told::Nothing)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Told, E> {
        Ok(Told::Nothing)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Told, E> {
        Ok(Told::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Told, A::Error> {
        let place = match self.place {
            Place::Items => Place::Item,
            Place::Parts => Place::Parts,
            Place::Held => Place::Held,
            Place::Top | Place::Item | Place::Kind | Place::Source | Place::Elsewhere => Place::Elsewhere,
        };
        while items.next_element_seed(At { place, media: &mut *self.media })?.is_some() {}
        Ok(Told::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Told, A::Error> {
        let (mut kind, mut bytes, mut is_text) = (None, 0, false);
        while let Some(Name(name)) = map.next_key::<Name<'de>>()? {
            match map.next_value_seed(At { place: self.member(&name), media: &mut *self.media })? {
                Told::Nothing => {}
                Told::Kind(told) => kind = Some(told),
                Told::Bytes(more) => bytes += more,
                Told::Text => is_text = true,
            }
        }
        match self.place {
            Place::Held if is_text => return Ok(Told::Text),
            Place::Held => return Ok(Told::Bytes(bytes)),
            Place::Parts => self.part(kind, bytes, is_text),
            Place::Top | Place::Items | Place::Item | Place::Kind | Place::Source | Place::Elsewhere => {}
        }
        Ok(Told::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::{Lookup, look_up};
    use serde_json::{Value, json};

    fn media(body: &Value) -> Media {
        read(&body.to_string())
    }

    fn read(body: &str) -> Media {
        let Lookup::Found(found) = look_up(&http::Method::POST, "/v1/messages") else { panic!("no such path") };
        let crate::paths::What::Call(route) = found.what else { panic!("no call") };
        Media::of(Payload { bytes: body.as_bytes(), kind: None }, route)
    }

    fn content(parts: &Value) -> Media {
        media(&json!({"messages": [{"role": "user", "content": parts}]}))
    }

    #[test]
    fn pictures_and_sound_are_no_text() {
        let anthropic =
            json!([{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}]);
        assert_eq!(content(&anthropic), Media { bytes: 4, images: 1, ..Media::default() });
        let url = "data:image/png;base64,AAAA";
        let chat = json!([{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "hi"}]);
        assert_eq!(content(&chat), Media { bytes: 26, images: 1, ..Media::default() });
        let sound = json!([{"input_audio": {"data": "AAAA", "format": "wav"}, "type": "input_audio"}]);
        assert_eq!(content(&sound), Media { bytes: 4, sound: 4, ..Media::default() });
        let items = json!({"input": [
            {"role": "user", "content": [{"type": "input_image", "image_url": url}]},
            {"type": "computer_call_output", "output": {"type": "computer_screenshot", "image_url": url}},
        ]});
        assert_eq!(media(&items), Media { bytes: 52, images: 2, ..Media::default() });
    }

    #[test]
    fn what_is_elsewhere_counts_too() {
        let parts = json!([{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]);
        assert_eq!(content(&parts), Media { images: 1, ..Media::default() });
        let tool = json!([{"type": "tool_result", "content": [{"type": "image", "source": {"type": "url", "url": "http://a"}}]}]);
        assert_eq!(content(&tool), Media { images: 1, ..Media::default() });
        let document = json!([{"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}]);
        assert!(content(&document).is_boundless);
    }

    #[test]
    fn documents_are_text_or_of_any_length() {
        let text = json!([
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "https and more"}},
            {"source": {"data": "AAAA", "type": "text"}, "type": "document"},
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "hi"}]}},
            {"type": "document", "source": {"type": "content", "content": "hi"}},
        ]);
        assert_eq!(content(&text), Media::default());
        for packed in [
            json!([{"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}}]),
            json!([{"type": "tool_result", "content": [{"type": "document", "source": {"data": "AAAA", "type": "base64"}}]}]),
            json!([{"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}}]),
            json!([{"type": "input_file", "file_data": "data:text/plain;base64,AAAA"}]),
            json!([{"type": "document"}]),
        ] {
            assert!(content(&packed).is_boundless, "{packed}");
        }
    }

    #[test]
    fn pictures_within_documents_count() {
        let picture = json!({"type": "image", "source": {"type": "url", "url": "https://a"}});
        let parts = json!([{"type": "document", "source": {"type": "content", "content": [picture, picture]}}]);
        assert_eq!(content(&parts), Media { images: 2, ..Media::default() });
    }

    #[test]
    fn what_only_looks_like_a_picture_is_text() {
        let source = json!({"type": "base64", "data": "AAAA"});
        for parts in [
            json!([{"type": "text", "text": "data:image/png;base64,AAAA"}]),
            json!([{"type": "tool_use", "input": {"type": "image", "source": source}}]),
            json!("an image"),
        ] {
            assert_eq!(content(&parts), Media::default(), "{parts}");
        }
        assert_eq!(media(&json!({"tools": [{"type": "image", "source": source}]})), Media::default());
    }

    #[test]
    fn an_escape_hides_nothing() {
        let body = r#"{"messages":[{"content":[{"type":"\u0069mage","source":{"url":"https://a"}}]}]}"#;
        assert_eq!(read(body).images, 1);
        assert!(read("{\"image\":").is_boundless);
    }
}

//! What of a request body is no text: pictures, documents and sound. Text is counted by its bytes, but a picture has about
//! the same tokens however many bytes it takes, and none in the body if the provider fetches it.
//!
//! Only the places are looked at in which a provider takes such things. Whatever looks like a picture elsewhere, in the
//! input of a tool say, is text to it. In a form all files are such things.

use std::borrow::Cow;
use std::fmt;

use ownkey_domain::hold::Extent;
use ownkey_domain::provider::Provider;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::form::{self, Payload, is_form};
use crate::registry::facts;
use crate::route::Route;
use crate::sound;

/// What such a body has of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Media {
    /// Bytes of pictures and sound within it.
    pub bytes: u64,
    /// Pictures, within it or elsewhere.
    pub images: u64,
    /// Seconds of sound within it.
    pub seconds: Extent,
    /// Whether it has documents whose length nobody can tell: elsewhere, or packed. A page costs as much as a picture and
    /// its text, and thousands of pages take few bytes, for they may share what is on them.
    pub is_boundless: bool,
}

/// A second of sound that is heard.
const TOKENS_PER_SECOND: u64 = 10;

/// What all input that the provider is to cache is marked by, where it must be asked for that.
const CACHE_MARK: &[u8] = b"cache_control";
/// An escape may spell any letter.
const ESCAPE: &[u8] = b"\\u00";

/// Words without which a body has nothing of the kind, unless it spells them in escapes.
const SIGNS: [&[u8]; 5] = [b"image", b"audio", b"file", b"document", b"\\u00"];

impl Media {
    /// Of the body of such a call.
    pub fn of(body: Payload<'_>, route: &Route) -> Self {
        if is_form(route, body.kind) {
            return Self::of_form(body);
        }
        if !SIGNS.iter().any(|sign| memchr::memmem::find(body.bytes, sign).is_some()) {
            return Self::default();
        }
        let mut media = Self::default();
        let mut json = serde_json::Deserializer::from_slice(body.bytes);
        let seen = At { place: Place::Top, media: &mut media }.deserialize(&mut json);
        // What can't be read is refused elsewhere.
        seen.map_or(Self { is_boundless: true, ..Self::default() }, |_| media)
    }

    /// Of a form, whose text is in its fields.
    fn of_form(body: Payload<'_>) -> Self {
        let Ok(fields) = form::fields(body.bytes, body.kind) else {
            return Self { is_boundless: true, ..Self::default() };
        };
        let mut media = Self::default();
        for file in fields.iter().filter(|field| field.is_file) {
            let bytes = u64::try_from(file.value.len()).unwrap_or(u64::MAX);
            let kind = match file.name.as_str() {
                "image" | "image[]" | "mask" => Kind::Image,
                "file" => Kind::Sound,
                _ => Kind::Document,
            };
            let seconds = if kind == Kind::Sound { sound::seconds(file.value) } else { Extent::default() };
            media.add(kind, Held { bytes, seconds });
        }
        media
    }

    fn add(&mut self, kind: Kind, held: Held) {
        match kind {
            Kind::Image => self.images += 1,
            Kind::Sound => self.seconds = self.seconds.plus(held.seconds),
            Kind::Document => {
                self.is_boundless = true;
                return;
            }
        }
        self.bytes = self.bytes.saturating_add(held.bytes);
    }

    /// How many tokens it is, for that model.
    pub fn tokens(&self, provider: Provider, model: &str) -> Extent {
        if self.is_boundless {
            return Extent::Unknown;
        }
        let pictures = match self.images {
            0 => Extent::default(),
            images => (facts(provider).image_tokens)(model).times(images),
        };
        pictures.plus(self.seconds.times(TOKENS_PER_SECOND))
    }
}

/// Whether that provider may write input of such a body to its cache, at a price of its own. One that does so only if it is
/// asked to is asked in the body.
pub fn may_be_cached(provider: Provider, body: &[u8]) -> bool {
    let has = |sign: &[u8]| memchr::memmem::find(body, sign).is_some();
    !facts(provider).caches_if_asked || has(CACHE_MARK) || has(ESCAPE)
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
    /// A picture that is to be changed, or several.
    Pictures,
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
    /// What of it is in the body.
    Held(Held),
    /// What is held is text.
    Text,
}

/// What of something that is no text is in a body.
#[derive(Clone, Copy, Default)]
struct Held {
    bytes: u64,
    /// How long it is, should it be sound.
    seconds: Extent,
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
            (Place::Top, "image" | "images" | "mask") => Place::Pictures,
            (Place::Pictures, "image_url") => Place::Held,
            (Place::Item | Place::Parts, "content" | "output") => Place::Parts,
            (Place::Parts, "type") => Place::Kind,
            (Place::Parts, "source" | "image_url" | "input_audio" | "file" | "file_data") => Place::Held,
            (Place::Held, "content") => Place::Parts,
            (Place::Held, "type") => Place::Source,
            (Place::Held, "data" | "url" | "file_data") => Place::Held,
            _ => Place::Elsewhere,
        }
    }

    fn part(&mut self, kind: Option<Kind>, held: Held, is_text: bool) {
        match kind {
            Some(Kind::Document) if is_text => {}
            Some(kind) => self.media.add(kind, held),
            None => {}
        }
    }
}

fn held(text: &str) -> Held {
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    Held { bytes, seconds: sound::seconds_of_base64(text) }
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
            Place::Held if !text.starts_with("http") => Told::Held(held(text)),
            Place::Pictures => {
                self.media.add(Kind::Image, held(text));
                Told::Nothing
            }
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
            Place::Pictures => Place::Pictures,
            Place::Top | Place::Item | Place::Kind | Place::Source | Place::Elsewhere => Place::Elsewhere,
        };
        while items.next_element_seed(At { place, media: &mut *self.media })?.is_some() {}
        Ok(Told::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Told, A::Error> {
        let (mut kind, mut held, mut is_text) = (None, Held::default(), false);
        while let Some(Name(name)) = map.next_key::<Name<'de>>()? {
            match map.next_value_seed(At { place: self.member(&name), media: &mut *self.media })? {
                Told::Nothing => {}
                Told::Kind(told) => kind = Some(told),
                Told::Held(more) => {
                    held.bytes = held.bytes.saturating_add(more.bytes);
                    held.seconds = held.seconds.plus(more.seconds);
                }
                Told::Text => is_text = true,
            }
        }
        match self.place {
            Place::Held if is_text => return Ok(Told::Text),
            Place::Held => return Ok(Told::Held(held)),
            Place::Parts => self.part(kind, held, is_text),
            Place::Pictures => self.media.add(Kind::Image, held),
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
        at("/v1/messages", body, None)
    }

    fn at(path: &str, body: &str, kind: Option<&[u8]>) -> Media {
        let Lookup::Found(found) = look_up(&http::Method::POST, path) else { panic!("no such path") };
        let crate::paths::What::Call(route) = found.what else { panic!("no call") };
        Media::of(Payload { bytes: body.as_bytes(), kind }, route)
    }

    /// Of a form with these fields, of which those are files that tell their names.
    fn form(path: &str, fields: &[(&str, &str)]) -> Media {
        let part = |(name, value): &(&str, &str)| {
            let file = if value.starts_with("text") { "" } else { "; filename=\"a\"" };
            format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n")
        };
        let body: String = fields.iter().map(part).collect();
        at(path, &format!("{body}--X--\r\n"), Some(b"multipart/form-data; boundary=X"))
    }

    #[test]
    fn files_of_forms_are_pictures_and_sound() {
        let edits = |fields: &[(&str, &str)]| form("/v1/images/edits", fields);
        let fields = [("prompt", "text"), ("image[]", "png"), ("image[]", "jpg"), ("mask", "1234")];
        assert_eq!(edits(&fields), Media { bytes: 10, images: 3, ..Media::default() });
        assert!(edits(&[("surprise", "pdf")]).is_boundless);
        let heard = |file: &str| form("/v1/audio/transcriptions", &[("file", file)]);
        let packed = Media { bytes: 4, seconds: Extent::Unknown, ..Media::default() };
        assert_eq!(heard("fLaC"), packed);
        assert_eq!(packed.tokens(Provider::OpenAi, "gpt-4o-transcribe"), Extent::Unknown);
        let wav = "RIFF1234WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x40\x1F\0\0\x01\0\x08\0data1234";
        let second = Media { bytes: 44, seconds: Extent::AtMost(1), ..Media::default() };
        assert_eq!(heard(wav), second);
        assert_eq!(second.tokens(Provider::OpenAi, "gpt-4o-transcribe"), Extent::AtMost(10));
        // The largest picture of each model, fine-tuned or not; of one that nobody knows it has no bound.
        let seen = |model: &str| edits(&fields).tokens(Provider::OpenAi, model);
        assert_eq!([seen("gpt-4o-mini"), seen("ft:gpt-4o-mini:acme::1")], [Extent::AtMost(3 * 48_169); 2]);
        assert_eq!([seen("gpt-5.4"), seen("sees-all")], [Extent::AtMost(30_000), Extent::Unknown]);
        assert_eq!(Media::default().tokens(Provider::OpenAi, "sees-all"), Extent::AtMost(0));
        let broken = at("/v1/images/edits", "--X", Some(b"multipart/form-data; boundary=X"));
        assert!(broken.is_boundless, "what can't be taken apart");
        // The same in JSON, one or several of them.
        let url = "data:image/png;base64,AAAA";
        let json = json!({"images": [{"image_url": url}, {"file_id": "file-1"}], "mask": {"image_url": url}});
        let body = Media { bytes: 52, images: 3, ..Media::default() };
        assert_eq!(at("/v1/images/edits", &json.to_string(), None), body);
    }

    #[test]
    fn only_what_asks_for_the_cache_is_written_to_it() {
        let may = |provider, body: &str| may_be_cached(provider, body.as_bytes());
        assert!(may(Provider::OpenAi, "{}") && !may(Provider::Anthropic, r#"{"system":"hi"}"#));
        for body in [r#"{"cache_control":{"type":"ephemeral"}}"#, r#"{"\u0063ache_control":{}}"#] {
            assert!(may(Provider::Anthropic, body), "{body}");
        }
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
        let sound = |data: &str| json!([{"input_audio": {"data": data, "format": "mp3"}, "type": "input_audio"}]);
        assert_eq!(content(&sound("//uQAA==")), Media { bytes: 8, seconds: Extent::AtMost(1), ..Media::default() });
        assert_eq!(content(&sound("AAAA")), Media { bytes: 4, seconds: Extent::Unknown, ..Media::default() });
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

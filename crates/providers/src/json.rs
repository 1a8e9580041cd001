//! Picks a few top-level members out of a JSON object that comes in pieces, whatever its size, in bounded memory.

use memchr::memchr2;
use serde_json::{Map, Value};

/// The longest value kept. Usage objects take a few hundred bytes; one with many iterations a few thousand.
const VALUE_KEPT_MAX: usize = 16 << 10;
/// Longer than every key looked for.
const KEY_KEPT_MAX: usize = 32;

/// Reads an object as it comes. It does not check the JSON: a broken one gives fewer members or none.
pub(crate) struct TopLevel {
    wanted: &'static [&'static str],
    found: Vec<(&'static str, Vec<u8>)>,
    depth: u32,
    string: InString,
    key: Vec<u8>,
    /// At depth 1: whether the next string is a key.
    key_next: bool,
    /// Whether the last of `found` is still coming in.
    capturing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum InString {
    No,
    Yes,
    /// The next byte is escaped.
    Escape,
}

impl TopLevel {
    pub(crate) fn new(wanted: &'static [&'static str]) -> Self {
        Self {
            wanted,
            found: Vec::new(),
            depth: 0,
            string: InString::No,
            key: Vec::new(),
            key_next: false,
            capturing: false,
        }
    }

    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = if self.string == InString::No { self.structure(bytes) } else { self.text(bytes) };
            bytes = &bytes[taken..];
        }
    }

    /// The members that were whole and readable.
    pub(crate) fn finish(self) -> Value {
        let parsed = |(key, bytes): (&str, Vec<u8>)| Some((key.to_owned(), serde_json::from_slice(&bytes).ok()?));
        Value::Object(self.found.into_iter().filter_map(parsed).collect::<Map<_, _>>())
    }

    /// Inside a string: on to the next byte that can end it.
    fn text(&mut self, bytes: &[u8]) -> usize {
        let taken = match (self.string, memchr2(b'"', b'\\', bytes)) {
            (InString::Escape, _) => {
                self.string = InString::Yes;
                1
            }
            (_, Some(at)) => {
                self.string = if bytes[at] == b'"' { InString::No } else { InString::Escape };
                at + 1
            }
            (_, None) => bytes.len(),
        };
        if self.depth == 1 && self.key_next {
            let room = KEY_KEPT_MAX.saturating_sub(self.key.len());
            self.key.extend_from_slice(&bytes[..room.min(taken)]);
        }
        self.keep(&bytes[..taken]);
        taken
    }

    /// Outside strings: one byte.
    fn structure(&mut self, bytes: &[u8]) -> usize {
        let byte = bytes[0];
        match byte {
            b'"' => {
                self.string = InString::Yes;
                if self.depth == 1 && self.key_next {
                    self.key.clear();
                }
            }
            b'{' | b'[' => {
                self.depth = self.depth.saturating_add(1);
                self.key_next = self.depth == 1;
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.capturing = false;
                }
            }
            b',' if self.depth == 1 => {
                self.capturing = false;
                self.key_next = true;
            }
            b':' if self.depth == 1 => {
                self.begin_value();
                return 1;
            }
            _ => {}
        }
        self.keep(&bytes[..1]);
        1
    }

    fn begin_value(&mut self) {
        self.key_next = false;
        let key = self.key.strip_suffix(b"\"").unwrap_or(&self.key);
        if let Some(wanted) = self.wanted.iter().find(|wanted| wanted.as_bytes() == key) {
            // Of members of one name the last counts, as with most readers of JSON.
            self.found.retain(|(key, _)| key != wanted);
            self.found.push((wanted, Vec::new()));
            self.capturing = true;
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if !self.capturing {
            return;
        }
        let Some((_, value)) = self.found.last_mut() else { return };
        if value.len() + bytes.len() <= VALUE_KEPT_MAX {
            value.extend_from_slice(bytes);
        } else {
            self.found.pop();
            self.capturing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WANTED: &[&str] = &["usage", "model", "id"];

    fn read(pieces: &[&[u8]]) -> Value {
        let mut members = TopLevel::new(WANTED);
        pieces.iter().for_each(|piece| members.feed(piece));
        members.finish()
    }

    #[test]
    fn only_top_level_members_count() {
        let body = br#" {"model" : "m\"x", "content":[{"usage":{"a":1},"id":7},"\"usage\":{"], "n":1,"usage":{"input":[1,{"b":"}"}]} , "id":null}"#;
        let expected = serde_json::json!({"model": "m\"x", "usage": {"input": [1, {"b": "}"}]}, "id": null});
        assert_eq!(read(&[body]), expected);
        for at in 0..body.len() {
            assert_eq!(read(&[&body[..at], &body[at..]]), expected, "{at}");
        }
        let pieces: Vec<_> = body.chunks(1).collect();
        assert_eq!(read(&pieces), expected);
    }

    #[test]
    fn what_is_too_long_or_broken_is_absent() {
        let body = format!(r#"{{"id":"{}","model":"m","usage":{{"a":"#, "x".repeat(VALUE_KEPT_MAX));
        assert_eq!(read(&[body.as_bytes()]), serde_json::json!({"model": "m"}));
        assert_eq!(read(&[b"[1,2]"]), serde_json::json!({}));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop::sample::select(b"{}[]\",:\\amodel 1\xff".to_vec()), 0..200)) {
            read(&[&bytes]);
        }

        #[test]
        fn it_agrees_with_a_whole_parse(
            model in ".{0,20}", noise in prop::collection::hash_map("[a-z\"\\\\]{0,8}", ".{0,20}", 0..4),
            input in any::<u64>(), at in any::<prop::sample::Index>(),
        ) {
            let mut object = serde_json::json!({"usage": {"input": input, "usage": {}}, "x": [noise.clone(), {"id": noise.clone()}]});
            let map = object.as_object_mut().unwrap();
            map.extend(noise.into_iter().filter(|(k, _)| !WANTED.contains(&k.as_str())).map(|(k, v)| (k, Value::from(v))));
            map.insert("model".to_owned(), Value::from(model));
            let bytes = serde_json::to_vec(&object).unwrap();
            let (head, tail) = bytes.split_at(at.index(bytes.len()));
            let expected = serde_json::json!({"usage": object["usage"], "model": object["model"]});
            prop_assert_eq!(read(&[head, tail]), expected);
        }
    }
}

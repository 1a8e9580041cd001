//! Picks a few top-level members out of a JSON object that comes in pieces, whatever its size, in bounded memory.

mod value;

use std::borrow::Cow;

use memchr::memchr2;

pub(crate) use self::value::{Json, Object};

/// The longest value kept. Usage objects take a few hundred bytes; one with many iterations a few thousand.
const VALUE_KEPT_MAX: usize = 16 << 10;
/// As much as most values take.
const VALUE_USUAL: usize = 512;
/// Longer than every key looked for.
const KEY_KEPT_MAX: usize = 32;
/// Longer than the name of any type. A longer one is cut, and then known to nobody.
const KIND_LEN_MAX: usize = 64;
/// More kinds than there are.
const KINDS_KEPT_MAX: usize = 64;

/// What is picked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The member of the whole whose object is read in place of the whole.
    pub(crate) within: Option<&'static str>,
    /// Members whose values are kept.
    pub(crate) members: &'static [&'static str],
    /// Members that are lists, of whose items only the `type` is kept, and that of their `action`: how many there are of
    /// each.
    pub(crate) kinds_of: &'static [&'static str],
}

/// Reads an object as it comes. It does not check the JSON: a broken one gives fewer members or none.
pub(crate) struct TopLevel {
    wanted: Wanted,
    /// The depth of the members that are read; 0 before the object they are in has begun, and after it.
    base: u32,
    found: Vec<(&'static str, Vec<u8>)>,
    kinds: Vec<Kind>,
    depth: u32,
    began: bool,
    string: InString,
    key: Vec<u8>,
    /// Whether the next string is a key that counts.
    key_next: bool,
    /// The list whose items are being read.
    list: Option<&'static str>,
    /// What is known of its item that is coming in.
    item: Item,
    /// Whether that is telling its action.
    in_action: bool,
    /// Where the value goes that is coming in.
    capture: Capture,
}

/// The items of one list that are alike.
struct Kind {
    list: &'static str,
    of: Item,
    count: u64,
}

/// What an item is, as JSON; empty where it does not say.
#[derive(Default, PartialEq, Eq)]
struct Item {
    kind: Vec<u8>,
    action: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Capture {
    Nothing,
    /// The last of `found`.
    Member,
    /// The type of `item`.
    Kind,
    /// That of its action.
    Action,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum InString {
    No,
    Yes,
    /// The next byte is escaped.
    Escape,
}

impl TopLevel {
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            base: if wanted.within.is_some() { 0 } else { 1 },
            found: Vec::with_capacity(wanted.members.len()),
            kinds: Vec::new(),
            depth: 0,
            began: false,
            string: InString::No,
            key: Vec::with_capacity(KEY_KEPT_MAX),
            key_next: false,
            list: None,
            item: Item::default(),
            in_action: false,
            capture: Capture::Nothing,
        }
    }

    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = match self.string {
                InString::No if self.is_inside() => self.inside(bytes),
                InString::No => self.structure(bytes),
                _ => self.text(bytes),
            };
            bytes = &bytes[taken..];
        }
    }

    /// Whether an object has begun and ended.
    pub(crate) fn is_whole(&self) -> bool {
        self.began && self.depth == 0
    }

    /// Reads the members that were whole and readable, and of each list that has any how many items of each kind and
    /// action. A kind that can't be read has no name, nor has an action that is not told.
    pub(crate) fn finish<T>(&self, read: impl FnOnce(&Json<'_>) -> T) -> T {
        let mut all = Object::default();
        for (key, bytes) in &self.found {
            if let Some(value) = Json::read(bytes) {
                all.set(Cow::Borrowed(key), value);
            }
        }
        for Kind { list, of, count } in &self.kinds {
            let name = |bytes: &[u8]| serde_json::from_slice::<String>(bytes).unwrap_or_default();
            let kinds = object(&mut all, Cow::Borrowed(list));
            if let Some(actions) = kinds.and_then(|kinds| object(kinds, Cow::Owned(name(&of.kind)))) {
                let told = actions.member(Cow::Owned(name(&of.action)), Json::default);
                *told = Json::Number(told.as_u64().unwrap_or(0).saturating_add(*count).into());
            }
        }
        read(&Json::Object(all))
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
        if self.key_next {
            let room = KEY_KEPT_MAX.saturating_sub(self.key.len());
            self.key.extend_from_slice(&bytes[..room.min(taken)]);
        }
        self.keep(&bytes[..taken]);
        taken
    }

    /// Whether this is a value in which no key matters, so that it is kept as it comes or not at all.
    fn is_inside(&self) -> bool {
        self.list.is_none() && self.depth > self.base.max(1)
    }

    /// Inside such a value, outside its strings: on to its end, to a string that goes on, or to where it is not kept in one
    /// piece.
    fn inside(&mut self, bytes: &[u8]) -> usize {
        let keeps = self.capture != Capture::Nothing;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => match string_end(&bytes[at + 1..]) {
                    Some(len) => at += len,
                    None => {
                        self.string = InString::Yes;
                        self.keep(&bytes[..=at]);
                        return at + 1;
                    }
                },
                b'{' | b'[' => self.depth = self.depth.saturating_add(1),
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if !self.is_inside() {
                        at += 1;
                        break;
                    }
                }
                byte if keeps && byte.is_ascii_whitespace() => {
                    self.keep(&bytes[..at]);
                    return at + bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                }
                _ => {}
            }
            at += 1;
        }
        self.keep(&bytes[..at]);
        at
    }

    /// Outside strings, where keys may matter: a number or a word, a string, or else one byte.
    fn structure(&mut self, bytes: &[u8]) -> usize {
        let plain = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if plain > 0 {
            self.keep(&bytes[..plain]);
            return plain;
        }
        match bytes[0] {
            b'"' => {
                self.string = InString::Yes;
                if self.key_next {
                    self.key.clear();
                }
                self.keep(&bytes[..1]);
                return 1 + self.text(&bytes[1..]);
            }
            b'{' | b'[' => {
                self.began = true;
                self.depth = self.depth.saturating_add(1);
                if self.is_in_item() {
                    (self.item, self.in_action) = (Item::default(), false);
                }
                self.key_next = self.has_keys();
            }
            b'}' | b']' => self.close(),
            b',' if self.has_keys() => {
                self.end_value();
                self.key_next = true;
            }
            // What was to be read within was no object.
            b',' if self.depth < self.base => self.base = u32::MAX,
            b':' if self.has_keys() => {
                self.begin_value();
                return 1;
            }
            _ => {}
        }
        if !bytes[0].is_ascii_whitespace() {
            self.keep(&bytes[..1]);
        }
        1
    }

    /// Whether keys at this depth matter: of the members, of items of a list, or of what leads to the members.
    fn has_keys(&self) -> bool {
        let of_action = self.in_action && self.depth == self.base.saturating_add(3);
        of_action || self.is_in_item() || self.depth == self.base.max(1)
    }

    /// Whether this is the depth of what an item of a list says.
    fn is_in_item(&self) -> bool {
        self.list.is_some() && self.depth == self.base.saturating_add(2)
    }

    fn close(&mut self) {
        if self.has_keys() {
            self.end_value();
        }
        if self.is_in_item() {
            self.end_item();
        }
        self.key_next = false;
        self.depth = self.depth.saturating_sub(1);
        if self.depth < self.base {
            // All of it was read, and nothing behind it counts.
            self.base = u32::MAX;
        }
    }

    fn begin_value(&mut self) {
        self.key_next = false;
        let key = self.key.strip_suffix(b"\"").unwrap_or(&self.key);
        let is_key = |name: &&&'static str| name.as_bytes() == key;
        if self.base == 0 {
            if self.wanted.within.iter().any(|within| is_key(&within)) {
                self.base = 2;
            }
        } else if self.is_in_item() {
            self.in_action = key == b"action";
            if key == b"type" {
                self.item.kind.clear();
                self.capture = Capture::Kind;
            }
        } else if self.depth > self.base {
            if key == b"type" {
                self.item.action.clear();
                self.capture = Capture::Action;
            }
        } else {
            self.list = self.wanted.kinds_of.iter().find(is_key).copied();
            if let Some(wanted) = self.wanted.members.iter().find(is_key) {
                // Of members of one name the last counts, as with most readers of JSON.
                self.found.retain(|(key, _)| key != wanted);
                self.found.push((wanted, Vec::with_capacity(VALUE_USUAL)));
                self.capture = Capture::Member;
            }
        }
    }

    fn end_value(&mut self) {
        self.capture = Capture::Nothing;
    }

    /// Counts an item that says what it is.
    fn end_item(&mut self) {
        let (of, list) = (std::mem::take(&mut self.item), self.list);
        let Some(list) = list.filter(|_| !of.kind.is_empty()) else { return };
        if let Some(same) = self.kinds.iter_mut().find(|kind| kind.list == list && kind.of == of) {
            same.count = same.count.saturating_add(1);
        } else if self.kinds.len() < KINDS_KEPT_MAX {
            self.kinds.push(Kind { list, of, count: 1 });
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let (kept, max) = match self.capture {
            Capture::Nothing => return,
            Capture::Member => (self.found.last_mut().map(|(_, value)| value), VALUE_KEPT_MAX),
            Capture::Kind => (Some(&mut self.item.kind), KIND_LEN_MAX),
            Capture::Action => (Some(&mut self.item.action), KIND_LEN_MAX),
        };
        let Some(value) = kept else { return };
        let room = max.saturating_sub(value.len());
        if bytes.len() > room && self.capture == Capture::Member {
            self.found.pop();
            self.capture = Capture::Nothing;
        } else {
            value.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }
}

/// How long the rest of a string is with the quote that ends it; `None` if it goes on behind these bytes, or is written with
/// escapes.
fn string_end(bytes: &[u8]) -> Option<usize> {
    let end = memchr2(b'"', b'\\', bytes)?;
    (bytes[end] == b'"').then_some(end + 1)
}

/// The object that is that member, made if it is not there.
fn object<'m, 'j>(members: &'m mut Object<'j>, name: Cow<'j, str>) -> Option<&'m mut Object<'j>> {
    members.member(name, || Json::Object(Object::default())).as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    const WANTED: &[&str] = &["usage", "model", "id"];

    fn read(pieces: &[&[u8]]) -> Value {
        pick(Wanted { within: None, members: WANTED, kinds_of: &[] }, pieces)
    }

    fn pick(wanted: Wanted, pieces: &[&[u8]]) -> Value {
        let mut members = TopLevel::new(wanted);
        pieces.iter().for_each(|piece| members.feed(piece));
        members.finish(|told| Value::from(told))
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

    #[test]
    fn kinds_of_items_are_counted() {
        let wanted = Wanted { within: None, members: &["id"], kinds_of: &["output"] };
        let body = br#"{"tools":[{"type":"web"}],"output":[{"type" : "message","content":[{"type":"text"}]},
            {"id":"x","type":"reasoning"},{"type":"message"},{"x":{"type":"no"}}, 5, ["type"]],"id":"r","type":"no"}"#;
        let expected = serde_json::json!({"output": {"message": {"": 2}, "reasoning": {"": 1}}, "id": "r"});
        for at in 0..body.len() {
            assert_eq!(pick(wanted, &[&body[..at], &body[at..]]), expected, "{at}");
        }
        for long in [format!("\"{}\"", "x".repeat(100)), "1".repeat(100)] {
            let long = format!(r#"{{"output":[{{"type":{long}}}]}}"#);
            assert_eq!(pick(wanted, &[long.as_bytes()])["output"], serde_json::json!({"": {"": 1}}));
        }
    }

    #[test]
    fn items_of_a_kind_are_told_apart_by_what_they_do() {
        let wanted = Wanted { within: None, members: &["id"], kinds_of: &["output"] };
        let body = br#"{"output":[{"action":{"sources":[{"type":"url"}],"type":"search","x":{"type":"no"}},"type":"web"},
            {"type":"web","action":{"type":"open"}},{"type":"web","action":["type"]},{"action":{"type":"open"},"type":"web"},
            {"type":"web","other":{"type":"open"}},{"action":{"type":"open"}},{"type":"web","action":null}],"id":"r"}"#;
        let expected = serde_json::json!({"output": {"web": {"search": 1, "open": 2, "": 3}}, "id": "r"});
        for at in 0..body.len() {
            assert_eq!(pick(wanted, &[&body[..at], &body[at..]]), expected, "{at}");
        }
    }

    #[test]
    fn an_object_within_is_read_in_place_of_the_whole() {
        let wanted = Wanted { within: Some("response"), members: &["id", "usage"], kinds_of: &["output"] };
        let body = br#"data: {"id":1,"usage":{"a":1},"response":{"x":{"id":2},"output":[{"type":"m"}],"usage":{"a":2},"id":3},"id":4}"#;
        let expected = serde_json::json!({"output": {"m": {"": 1}}, "usage": {"a": 2}, "id": 3});
        for at in 0..body.len() {
            assert_eq!(pick(wanted, &[&body[..at], &body[at..]]), expected, "{at}");
        }
        assert_eq!(pick(wanted, &[br#"{"response":null,"x":{"id":1}}"#]), serde_json::json!({}));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop::sample::select(b"{}[]\",:\\amodel 1\xff".to_vec()), 0..200)) {
            read(&[&bytes]);
            for within in [None, Some("model")] {
                pick(Wanted { within, members: WANTED, kinds_of: &["model"] }, &[&bytes]);
            }
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

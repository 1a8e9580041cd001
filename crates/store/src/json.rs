//! JSON as `serde_json` writes it, in half the time and without members that have no value, of which a receipt has many.
//! A receipt is written for its hold, for the journal and for its row, and is mostly names and ids: the names of members
//! are ours and need no look, and a text is looked at once as a whole. Texts with escapes, numbers and whatever else is
//! rare are `serde_json`'s to write.

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::{Error, to_writer};

/// Writes a value behind those bytes.
pub(crate) fn write(value: &impl Serialize, out: &mut Vec<u8>) -> Result<(), Error> {
    value.serialize(Writer(out))
}

/// A value as text.
pub(crate) fn text(value: &impl Serialize, usual: usize) -> Result<String, Error> {
    let mut out = Vec::with_capacity(usual);
    write(value, &mut out)?;
    String::from_utf8(out).map_err(Error::custom)
}

struct Writer<'w>(&'w mut Vec<u8>);

/// The parts of a list or of an object, one after the other.
struct Parts<'w> {
    out: &'w mut Vec<u8>,
    is_first: bool,
    /// What stands behind the last.
    end: &'static [u8],
}

impl<'w> Writer<'w> {
    fn word(self, word: &'static str) -> Result<(), Error> {
        self.0.extend_from_slice(word.as_bytes());
        Ok(())
    }

    fn parts(self, begin: u8, end: &'static [u8]) -> Result<Parts<'w>, Error> {
        self.0.push(begin);
        Ok(Parts { out: self.0, is_first: true, end })
    }

    /// The object that a variant is which has something to say.
    fn variant(self, name: &'static str) -> Self {
        self.0.push(b'{');
        self.member(name)
    }

    /// Up to the value of a member. Names of types are identifiers, or chosen here, and need no escapes. Inlined up to who
    /// knows the name, so that it is copied as a constant: that is a quarter of what is saved.
    #[inline(always)]
    fn member(self, name: &'static str) -> Self {
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        self
    }
}

fn quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Whether a text is written as it is. Looked at in pieces, each of which is a step or two for the processor; the last may
/// overlap the one before.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    if let Some(last) = bytes.last_chunk::<16>() {
        bytes.as_chunks::<16>().0.iter().all(are_plain) && are_plain(last)
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        are_plain(first) && are_plain(last)
    } else {
        bytes.iter().all(|byte| are_plain(&[*byte]))
    }
}

fn are_plain<const N: usize>(bytes: &[u8; N]) -> bool {
    let is_odd = |byte: u8| u8::from(byte < b' ') | u8::from(byte == b'"') | u8::from(byte == b'\\');
    bytes.iter().fold(0, |odd, byte| odd | is_odd(*byte)) == 0
}

/// What is left to `serde_json`.
macro_rules! theirs {
    ($($method:ident: $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<(), Error> {
            to_writer(self.0, &value)
        })*
    };
}

impl<'w> Serializer for Writer<'w> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Parts<'w>;
    type SerializeTuple = Parts<'w>;
    type SerializeTupleStruct = Parts<'w>;
    type SerializeTupleVariant = Parts<'w>;
    type SerializeMap = Parts<'w>;
    type SerializeStruct = Parts<'w>;
    type SerializeStructVariant = Parts<'w>;

    theirs! {
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_bytes: &[u8],
    }

    fn serialize_bool(self, is_so: bool) -> Result<(), Error> {
        self.word(if is_so { "true" } else { "false" })
    }

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        if !is_plain(text) {
            return to_writer(self.0, text);
        }
        quoted(self.0, text);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.word("null")
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.word("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.word("null")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), Error> {
        quoted(self.0, name);
        Ok(())
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let Writer(out) = self.variant(name);
        value.serialize(Writer(out))?;
        out.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'w>, Error> {
        self.parts(b'[', b"]")
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'w>, Error> {
        self.parts(b'[', b"]")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'w>, Error> {
        self.parts(b'[', b"]")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Parts<'w>, Error> {
        self.variant(name).parts(b'[', b"]}")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'w>, Error> {
        self.parts(b'{', b"}")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'w>, Error> {
        self.parts(b'{', b"}")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Parts<'w>, Error> {
        self.variant(name).parts(b'{', b"}}")
    }
}

impl Parts<'_> {
    /// Where the next part goes.
    #[inline(always)]
    fn next(&mut self) -> Writer<'_> {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
        Writer(self.out)
    }

    fn finish(self) -> Result<(), Error> {
        self.out.extend_from_slice(self.end);
        Ok(())
    }
}

macro_rules! parts {
    ($($kind:ident: $method:ident($($name:ident)?),)*) => {
        $(impl $kind for Parts<'_> {
            type Ok = ();
            type Error = Error;

            #[inline(always)]
            fn $method<T: ?Sized + Serialize>(&mut self, $($name: &'static str,)? value: &T) -> Result<(), Error> {
                value.serialize(self.next()$(.member($name))?)
            }

            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        })*
    };
}

parts! {
    SerializeSeq: serialize_element(),
    SerializeTuple: serialize_element(),
    SerializeTupleStruct: serialize_field(),
    SerializeTupleVariant: serialize_field(),
    SerializeStructVariant: serialize_field(name),
}

impl SerializeStruct for Parts<'_> {
    type Ok = ();
    type Error = Error;

    /// Members without a value are left out. Whoever reads them must take that for none: an `Option` does, and nothing
    /// that is made of one.
    #[inline(always)]
    fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        let (at, is_first) = (self.out.len(), self.is_first);
        value.serialize(self.next().member(name))?;
        // No value ends so: a text ends with its quote.
        if self.out.ends_with(b":null") {
            self.out.truncate(at);
            self.is_first = is_first;
        }
        Ok(())
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Error> {
        let Writer(out) = self.next();
        let at = out.len();
        key.serialize(Writer(out))?;
        // Maps here have names for keys. `serde_json` would make texts of numbers.
        if out.get(at) == Some(&b'"') { Ok(()) } else { Err(Error::custom("a key that is no text")) }
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.out.push(b':');
        value.serialize(Writer(self.out))
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;

    #[derive(Serialize)]
    enum Kind {
        Plain,
        #[serde(rename = "new_type")]
        NewType(i128),
        Tuple(u8, Option<char>),
        Struct {
            a: char,
            #[serde(skip_serializing_if = "Option::is_none")]
            b: Option<u8>,
            c: (bool, f64),
        },
    }

    #[derive(Serialize)]
    struct Unit;

    #[derive(Serialize)]
    struct NewType(u64);

    #[derive(Serialize)]
    struct Tuple(i8, f32);

    #[derive(Serialize)]
    #[serde(untagged)]
    enum Untagged {
        One { told: String },
        Other(Vec<String>),
    }

    #[derive(Serialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        One { told: Option<Box<Kind>> },
    }

    #[track_caller]
    fn agrees(value: &impl Serialize) {
        let expected = serde_json::to_string(value).unwrap();
        assert_eq!(text(value, 0).unwrap(), expected);
        let mut behind = b"head".to_vec();
        write(value, &mut behind).unwrap();
        assert_eq!(behind, [b"head", expected.as_bytes()].concat());
    }

    #[test]
    fn every_kind_of_value_is_written_as_serde_json_writes_it() {
        agrees(&(Kind::Plain, Kind::NewType(i128::MIN), Kind::Tuple(0, None), Kind::Tuple(255, Some('"'))));
        agrees(&[
            Kind::Struct { a: 'a', b: None, c: (true, 0.1) },
            Kind::Struct { a: 'a', b: Some(1), c: (false, 1e300) },
        ]);
        agrees(&(Unit, NewType(u64::MAX), Tuple(-1, 1.5), f64::NAN, Some("x"), None::<u8>));
        agrees(&[
            Untagged::One { told: "a\u{1}b".to_owned() },
            Untagged::Other(vec![]),
            Untagged::Other(vec!["é".to_owned(); 2]),
        ]);
        agrees(&Tagged::One { told: Some(Box::new(Kind::Plain)) });
        agrees(&(BTreeMap::<String, u8>::new(), BTreeMap::from([("a\"", vec![1]), ("b", vec![])])));
        assert!(text(&BTreeMap::from([(1, 2)]), 0).is_err());
    }

    #[test]
    fn members_without_a_value_are_left_out() {
        #[derive(Serialize)]
        struct Some3 {
            a: Option<u8>,
            b: Option<&'static str>,
            c: Option<u8>,
        }
        let written = |a, b, c| text(&Some3 { a, b, c }, 0).unwrap();
        assert_eq!(written(None, None, None), "{}");
        assert_eq!(written(Some(1), None, None), r#"{"a":1}"#);
        assert_eq!(written(None, Some(":null"), None), r#"{"b":":null"}"#);
        assert_eq!(written(None, None, Some(3)), r#"{"c":3}"#);
        assert_eq!(written(Some(1), Some("null"), Some(3)), r#"{"a":1,"b":"null","c":3}"#);
        assert_eq!(text(&[Tagged::One { told: None }], 0).unwrap(), r#"[{"kind":"One"}]"#);
        assert_eq!(text(&[None, Some(1)], 0).unwrap(), "[null,1]");
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_serde_json_writes_it(any in "(.|[\\x00-\\x7f]){0,40}", plain in "[a-z]{0,40}", at in any::<prop::sample::Index>()) {
            agrees(&any);
            agrees(&plain);
            let mut one = plain.clone();
            one.insert(at.index(plain.len() + 1), '\u{1f}');
            agrees(&one);
        }
    }
}

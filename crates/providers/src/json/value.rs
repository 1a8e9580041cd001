//! JSON read without copies: names and texts stay where they came in, but for those that are written with escapes. A usage
//! object is read once and has some twenty names, and to own each of them takes longer than to read it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Index;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

/// A value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Json<'j> {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'j, str>),
    List(Vec<Json<'j>>),
    Object(Object<'j>),
}

/// Members, no two of one name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Object<'j>(Vec<(Cow<'j, str>, Json<'j>)>);

/// Members that most objects have at most.
const MEMBERS_USUAL: usize = 8;
/// As many members as are held against each other one by one.
const MEMBERS_FEW: usize = 32;

/// What stands where nothing is.
static NOTHING: Json<'static> = Json::Null;

impl<'j> Json<'j> {
    /// What those bytes say, if they can be read. That they are text is looked at once and not for each name.
    pub(crate) fn read(bytes: &'j [u8]) -> Option<Self> {
        serde_json::from_str(std::str::from_utf8(bytes).ok()?).ok()
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(crate) fn as_u64(&self) -> Option<u64> {
        self.as_number()?.as_u64()
    }

    pub(crate) fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    pub(crate) fn as_object(&self) -> Option<&Object<'j>> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    pub(crate) fn as_object_mut(&mut self) -> Option<&mut Object<'j>> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// The same, for who keeps it longer than the bytes.
    pub(crate) fn into_owned(self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Bool(is_so) => Json::Bool(is_so),
            Self::Number(number) => Json::Number(number),
            Self::Text(text) => Json::Text(Cow::Owned(text.into_owned())),
            Self::List(items) => Json::List(items.into_iter().map(Self::into_owned).collect()),
            Self::Object(Object(members)) => {
                let owned = |(name, value): (Cow<'_, str>, Self)| (Cow::Owned(name.into_owned()), value.into_owned());
                Json::Object(Object(members.into_iter().map(owned).collect()))
            }
        }
    }
}

impl<'j> Object<'j> {
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'j>> {
        self.iter().find_map(|(known, value)| (known == name).then_some(value))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Json<'j>)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// The member of that name, made if it is not there.
    pub(crate) fn member(&mut self, name: Cow<'j, str>, made: impl FnOnce() -> Json<'j>) -> &mut Json<'j> {
        let at = self.0.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            self.0.push((name, made()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }

    /// Sets a member.
    pub(crate) fn set(&mut self, name: Cow<'j, str>, value: Json<'j>) {
        *self.member(name, Json::default) = value;
    }

    /// Takes a member out.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// As they stand there. Of members of one name the last counts, as with most readers of JSON.
    fn of(mut members: Vec<(Cow<'j, str>, Json<'j>)>) -> Self {
        let is_twin =
            |(at, (name, _)): (usize, &(Cow<'_, str>, _))| members[..at].iter().any(|(other, _)| other == name);
        if members.len() > MEMBERS_FEW || members.iter().enumerate().any(is_twin) {
            members.reverse();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            members.dedup_by(|(later, _), (name, _)| later == name);
        }
        Self(members)
    }
}

/// Null, where there is no such member or no object.
impl<'j> Index<&str> for Json<'j> {
    type Output = Json<'j>;

    fn index(&self, name: &str) -> &Json<'j> {
        self.as_object().and_then(|members| members.get(name)).unwrap_or(&NOTHING)
    }
}

impl PartialEq<&str> for Json<'_> {
    fn eq(&self, text: &&str) -> bool {
        self.as_str() == Some(text)
    }
}

impl PartialEq<bool> for Json<'_> {
    fn eq(&self, is_so: &bool) -> bool {
        matches!(self, Self::Bool(value) if value == is_so)
    }
}

/// A copy that owns what it says.
impl From<&Json<'_>> for Value {
    fn from(json: &Json<'_>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(is_so) => Self::Bool(*is_so),
            Json::Number(number) => Self::Number(number.clone()),
            Json::Text(text) => Self::String(text.to_string()),
            Json::List(items) => items.iter().map(Self::from).collect(),
            Json::Object(members) => members.iter().map(|(name, value)| (name.to_owned(), Self::from(value))).collect(),
        }
    }
}

impl<'de: 'j, 'j> Deserialize<'de> for Json<'j> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

/// A name, borrowed if it can be.
#[derive(serde::Deserialize)]
struct Name<'j>(#[serde(borrow)] Cow<'j, str>);

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, is_so: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(is_so))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Number::from_f64(number).map_or(Json::Null, Json::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut members = Vec::with_capacity(MEMBERS_USUAL);
        while let Some((Name(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        Ok(Json::Object(Object::of(members)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn agrees(json: &[u8]) {
        let expected = serde_json::from_slice::<Value>(json).ok();
        let read = Json::read(json);
        assert_eq!(read.as_ref().map(Value::from), expected, "{}", json.escape_ascii());
        assert_eq!(read.map(|read| Value::from(&read.into_owned())), expected);
    }

    #[test]
    fn it_reads_what_others_read() {
        for json in [
            r#"{"a":1,"a":{"b":2,"a":3,"b":"x\n\u00e9"},"\u0061":[-1,1.5,-0,1e3,18446744073709551616,true,null,"",{}]}"#,
            r#"{"a":1e999}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":1} x"#,
            "\"",
            "",
            "nul",
        ] {
            agrees(json.as_bytes());
        }
        agrees(b"{\"\xff\":1}");
        agrees(b"[\"\xff\"]");
        agrees([vec![b'['; 200], vec![b']'; 200]].concat().as_slice());
    }

    #[test]
    fn of_twins_the_last_counts_among_many_as_among_few() {
        for others in [1, 2 * MEMBERS_FEW] {
            let members: Vec<_> = (0..others).map(|n| format!(r#""m{n}":0"#)).collect();
            let json = format!(r#"{{"twin":1,{},"twin":[2],{0},"twin":3}}"#, members.join(","));
            agrees(json.as_bytes());
            let read = Json::read(json.as_bytes()).unwrap();
            assert_eq!(read["twin"].as_u64(), Some(3));
            assert_eq!(read.as_object().unwrap().iter().count(), others + 1);
        }
    }

    #[test]
    fn what_is_not_there_is_null() {
        let read = Json::read(br#"{"a":[1],"b":"x","c":false}"#).unwrap();
        assert!(read["x"]["y"].is_null() && read["a"]["b"].is_null() && read["b"] == "x" && read["c"] == false);
        assert!(read["a"] != "x" && read["c"] != true && read["x"] != false);
    }

    proptest! {
        #[test]
        fn it_reads_any_bytes_as_others_do(json in prop::collection::vec(prop::sample::select(b"{}[]\",:\\ab1-.e 0u\xff".to_vec()), 0..60)) {
            agrees(&json);
        }
    }
}

//! Looks into a form. What JSON has as members it has as fields.

use super::{MODEL, MODEL_LEN_MAX, Peek, PeekError, Places, STREAM};
use crate::form::{Field, Payload, Scan, fields, is_form};
use crate::route::Route;

/// Looks into the form of a call.
pub(super) fn peek(sent: Payload<'_>, route: &Route) -> Result<Peek, PeekError> {
    read(&fields(sent.bytes, sent.kind).map_err(|_| PeekError::NotAForm)?, route)
}

/// What those fields tell.
fn read(fields: &[Field<'_>], route: &Route) -> Result<Peek, PeekError> {
    let model = only(fields, MODEL)?;
    let mut peek = Peek {
        model: model.map(name).transpose()?,
        stream: only(fields, STREAM)?.map(flag).transpose()?.unwrap_or(false),
        places: Places { is_form: true, model: model.map(|field| field.place.clone()), ..Places::default() },
        ..Peek::default()
    };
    for member in route.members().answers {
        let count = only(fields, member)?.map(|field| count(field, member)).transpose()?;
        peek.answers = peek.answers.max(count);
    }
    Ok(peek)
}

/// The beginning of a form that tells enough to send it on before all of it has come.
pub struct Opening {
    /// What its fields before the first file tell, its model among them.
    pub peek: Peek,
    /// Looks at what is still to come.
    pub rest: Remainder,
}

/// The rest of a form, which was not looked into whole before it went out.
pub struct Remainder(Scan);

impl Opening {
    /// Of a form that has come so far; `None` if it must be read on, or to its end.
    pub fn of(sent: Payload<'_>, route: &Route) -> Option<Self> {
        let kind = sent.kind.filter(|kind| is_form(route, Some(kind)))?;
        let mut rest = Remainder(Scan::of(kind).ok()?);
        rest.0.feed(sent.bytes).ok()?;
        let parts = rest.0.parts();
        let file = parts.iter().position(|part| part.is_file)?;
        let fields: Vec<_> = parts[..file].iter().filter_map(|part| part.within(sent.bytes)).collect();
        let peek = read(&fields, route).ok().filter(|peek| peek.model.is_some())?;
        rest.names_no_model(file).ok()?;
        Some(Self { peek, rest })
    }
}

impl Remainder {
    /// The next bytes. An error if another model stands in them, for which nobody has decided.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), PeekError> {
        let before = self.0.parts().len();
        self.0.feed(bytes).map_err(|_| PeekError::NotAForm)?;
        self.names_no_model(before)
    }

    /// Whether the form may end here.
    pub fn end(&self) -> Result<(), PeekError> {
        self.0.end().map_err(|_| PeekError::NotAForm)
    }

    fn names_no_model(&self, from: usize) -> Result<(), PeekError> {
        let named = self.0.parts()[from..].iter().any(|part| part.name == MODEL);
        if named { Err(PeekError::Duplicate(MODEL)) } else { Ok(()) }
    }
}

/// The one field of that name, if there is any.
fn only<'f, 'a>(fields: &'f [Field<'a>], name: &'static str) -> Result<Option<&'f Field<'a>>, PeekError> {
    let mut found = fields.iter().filter(|field| field.name == name);
    let first = found.next();
    if found.next().is_some() {
        return Err(PeekError::Duplicate(name));
    }
    Ok(first)
}

fn name(field: &Field<'_>) -> Result<String, PeekError> {
    let expected = "text of at most 256 bytes without control characters";
    let fine = |text: &&str| !field.is_file && text.len() <= MODEL_LEN_MAX && !text.chars().any(char::is_control);
    let text = std::str::from_utf8(field.value).ok().filter(fine);
    text.map(str::to_owned).ok_or(PeekError::WrongType { member: MODEL, expected })
}

/// The words that SDKs write for a flag.
fn flag(field: &Field<'_>) -> Result<bool, PeekError> {
    match field.value {
        b"true" | b"True" | b"1" => Ok(true),
        b"false" | b"False" | b"0" | b"" => Ok(false),
        _ => Err(PeekError::WrongType { member: STREAM, expected: "true or false" }),
    }
}

fn count(field: &Field<'_>, member: &'static str) -> Result<u32, PeekError> {
    let text = std::str::from_utf8(field.value).ok().and_then(|text| text.parse().ok());
    text.ok_or(PeekError::WrongType { member, expected: "a whole number from 0 to 4294967295" })
}

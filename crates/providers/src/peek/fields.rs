//! Looks into a form. What JSON has as members it has as fields.

use super::{MODEL, MODEL_LEN_MAX, Peek, PeekError, Places, STREAM};
use crate::form::{Field, Payload, fields};
use crate::route::Route;

/// Looks into the form of a call.
pub(super) fn peek(sent: Payload<'_>, route: &Route) -> Result<Peek, PeekError> {
    let fields = fields(sent.bytes, sent.kind).map_err(|_| PeekError::NotAForm)?;
    let model = only(&fields, MODEL)?;
    let mut peek = Peek {
        model: model.map(name).transpose()?,
        stream: only(&fields, STREAM)?.map(flag).transpose()?.unwrap_or(false),
        places: Places { is_form: true, model: model.map(|field| field.place.clone()), ..Places::default() },
        ..Peek::default()
    };
    for member in route.members().answers {
        let count = only(&fields, member)?.map(|field| count(field, member)).transpose()?;
        peek.answers = peek.answers.max(count);
    }
    Ok(peek)
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
    let wrong = PeekError::WrongType { member: MODEL, expected };
    let text = std::str::from_utf8(field.value).map_err(|_| wrong)?;
    let fine = !field.is_file && text.len() <= MODEL_LEN_MAX && !text.chars().any(char::is_control);
    if fine { Ok(text.to_owned()) } else { Err(wrong) }
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

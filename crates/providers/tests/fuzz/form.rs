//! A form that is read here is read in the same way by a lenient reader, as it may stand at the provider: no field is
//! hidden from one of them, and an edited form differs in its model only.

use std::sync::Arc;

use bytes::Bytes;
use ownkey_providers::form::Payload;
use ownkey_providers::fuzzing::{routes, takes_forms, terms};
use ownkey_providers::managed::{ClosedWorld, Extensions};
use ownkey_providers::media::Media;
use ownkey_providers::peek::{Edits, edit, peek};
use ownkey_providers::route::Route;

const KIND: &[u8] = b"multipart/form-data; boundary=X";

/// The input is the form, its boundary `X`.
pub fn target(input: &[u8]) {
    let sent = Payload { bytes: input, kind: Some(KIND) };
    let fields = lenient(input);
    for route in routes().filter(|route| takes_forms(route)) {
        // The content type is the caller's too.
        let _ = peek(Payload { bytes: b"--X--", kind: Some(input) }, route);
        let media = Media::of(sent, route);
        assert!(media.bytes <= u64::try_from(input.len()).unwrap());
        let seen = ClosedWorld::of(route, None, &Arc::new(Extensions::default())).look_through(sent);
        if let (Ok(_), Some(terms)) = (seen, terms(route)) {
            let unknown = fields.iter().find(|field| !terms.members.contains(&field.name.as_str()));
            assert!(unknown.is_none(), "{unknown:?} went through");
        }
        let Ok(found) = peek(sent, route) else { continue };
        let model: Vec<_> = found.model.iter().map(String::as_bytes).collect();
        assert_eq!(values(&fields, "model"), model);
        let stream = values(&fields, "stream");
        assert!(
            stream.len() <= 1
                && stream.iter().any(|value| [&b"true"[..], b"True", b"1"].contains(value)) == found.stream
        );
        edited(input, route);
    }
}

fn values<'a>(fields: &'a [Field], name: &str) -> Vec<&'a [u8]> {
    fields.iter().filter(|field| field.name == name).map(|field| &field.value[..]).collect()
}

fn edited(input: &[u8], route: &'static Route) {
    let sent = Payload { bytes: input, kind: Some(KIND) };
    let found = peek(sent, route).unwrap();
    let body = Bytes::copy_from_slice(input);
    let edits = Edits { model: Some("other"), include_usage: true, output_limit: Some(7) };
    let edited = edit(&body, route, &found, edits).concat();
    let mut expected = lenient(input);
    expected.iter_mut().filter(|field| field.name == "model").for_each(|field| field.value = b"other".to_vec());
    assert_eq!(lenient(&edited), expected);
    assert!(found.model.is_some() || edited == input);
}

#[derive(Debug, Clone, PartialEq)]
struct Field {
    name: String,
    value: Vec<u8>,
}

/// Reads as forgivingly as anyone does: any line end, blanks around names, folded lines, names without quotes, parts
/// before and behind.
fn lenient(body: &[u8]) -> Vec<Field> {
    let mut parts: Vec<Vec<&[u8]>> = Vec::new();
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"--X").map(<[u8]>::trim_ascii) {
            Some(b"--") => break,
            Some(b"") => parts.push(Vec::new()),
            _ => parts.last_mut().into_iter().for_each(|part| part.push(line)),
        }
    }
    parts.iter().flat_map(|lines| part(lines)).collect()
}

/// The fields of one part: more than one, if its head names several.
fn part(lines: &[&[u8]]) -> Vec<Field> {
    let head = lines.iter().take_while(|line| !line.trim_ascii().is_empty()).count();
    let value = lines.get(head + 1..).unwrap_or_default().concat();
    let value = value.strip_suffix(b"\n").map_or(&value[..], |value| value.strip_suffix(b"\r").unwrap_or(value));
    let mut folded = String::new();
    for line in &lines[..head] {
        let line = String::from_utf8_lossy(line);
        // A line that begins with a blank goes on with the one before; a CR alone may end one too.
        folded.push_str(if line.starts_with([' ', '\t']) { " " } else { "\n" });
        folded.push_str(line.trim());
    }
    let lines: Vec<_> = folded.split(['\n', '\r']).filter_map(|line| line.split_once(':')).collect();
    let all = |wanted: &'static str| lines.iter().filter(move |(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    let plain = ["7bit", "8bit", "binary"];
    let is_encoded = all("content-transfer-encoding").any(|(_, coding)| !plain.contains(&coding.trim()));
    let value = if is_encoded { b"something else" } else { value };
    let names = all("content-disposition").flat_map(|(_, value)| names(value));
    names.map(|name| Field { name, value: value.to_vec() }).collect()
}

/// Every name that is said, in quotes or not.
fn names(disposition: &str) -> Vec<String> {
    let (mut names, mut quoted, mut parameter) = (Vec::new(), false, String::new());
    for letter in disposition.chars().chain([';']) {
        quoted ^= letter == '"';
        if letter != ';' || quoted {
            parameter.push(letter);
            continue;
        }
        let (name, value) = parameter.split_once('=').unwrap_or((&parameter, ""));
        if name.trim().trim_end_matches('*').eq_ignore_ascii_case("name") {
            names.push(value.trim().trim_matches('"').to_owned());
        }
        parameter.clear();
    }
    names
}

#[test]
fn corpus() {
    crate::drive::corpus("form", target);
}

#[test]
fn random() {
    const PIECES: &[&str] = &[
        "--X\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n",
        "--X\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\n\r\n",
        "--X\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n",
        "--X\r\nContent-Disposition: form-data; name=\"",
        "--X\r\nContent-Disposition: form-data; name=model\r\n\r\nwhisper-1\r\n",
        "--X\r\nContent-Disposition: form-data; name=",
        "; filename=a",
        "--X\r\n",
        "--X--\r\n",
        "--X--",
        "\r\n",
        "\n",
        "\r",
        "\"",
        "Content-Disposition: form-data; name=\"model\"",
        "content-disposition : form-data; name=model",
        "; name=\"model\"",
        "; filename=\"a\"",
        " ",
        ":",
        "X-A: b",
        "gpt-4o",
    ];
    crate::drive::random("form", target, crate::drive::CASES, crate::drive::soup(PIECES));
}

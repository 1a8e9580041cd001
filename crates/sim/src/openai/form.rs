//! Bodies that are forms with files.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{error, request};
use crate::call::Call;
use crate::provider::Provider;
use crate::reply::Reply;
use crate::sim::Sim;

/// A form that fits its schema: its fields as JSON, and its files.
pub struct Form {
    /// The fields; a file is its name.
    pub fields: Value,
    /// All files.
    pub files: Vec<File>,
}

/// A file of a form.
pub struct File {
    /// What its sender calls it.
    pub name: String,
    /// What is in it.
    pub content: Bytes,
    /// Its size.
    pub bytes: u64,
    /// The bytes of sound in it, and how many make a second, if it says so.
    pub samples: Option<(u64, u64)>,
}

/// What the usual head of a WAV file says.
fn samples(value: &[u8]) -> Option<(u64, u64)> {
    let (head, samples) = value.split_first_chunk::<44>()?;
    let is_wav = head.starts_with(b"RIFF") && head[8..16] == *b"WAVEfmt " && head[36..40] == *b"data";
    let rate = u32::from_le_bytes(*head[28..].first_chunk()?);
    (is_wav && rate > 0).then_some((samples.len() as u64, rate.into()))
}

/// The form of a request, if the service would take it.
pub fn read(sim: &Sim, call: &Call, schema: &str) -> Result<Form, Box<Reply>> {
    let kind = call.header("content-type").unwrap_or_default();
    let Some((_, boundary)) = kind.split_once("boundary=").filter(|_| kind.starts_with("multipart/form-data")) else {
        return Err(refused(call, "Could not parse multipart form"));
    };
    if call.oversize {
        return Err(request::object(call).err().unwrap_or_else(|| refused(call, "Request body is too large")));
    }
    let form =
        parts(&call.body, boundary.trim_matches('"')).ok_or_else(|| refused(call, "Could not parse multipart form"))?;
    let schemas = sim.schemas(Provider::OpenAi);
    schemas.check(schema, &form.fields).map_err(|problem| error::of_problem(call, &problem))?;
    Ok(form)
}

fn refused(call: &Call, said: &str) -> Box<Reply> {
    error::of(call, 400, (said, "invalid_request_error"), (None, None)).into()
}

fn parts(body: &Bytes, boundary: &str) -> Option<Form> {
    let delimiter = format!("--{boundary}");
    let mut form = Form { fields: Value::Object(Map::new()), files: Vec::new() };
    let mut left = body.strip_prefix(delimiter.as_bytes())?;
    while !left.starts_with(b"--") {
        let head_end = find(left, b"\r\n\r\n")?;
        let head = std::str::from_utf8(left.get(2..head_end)?).ok()?;
        let rest = left.get(head_end + 4..)?;
        let end = find(rest, format!("\r\n{delimiter}").as_bytes())?;
        let value = &rest[..end];
        let name = parameter(head, "name=")?;
        if let Some(file) = parameter(head, "filename=") {
            let (bytes, samples) = (value.len() as u64, samples(value));
            form.files.push(File { name: file.to_owned(), content: body.slice_ref(value), bytes, samples });
            put(&mut form.fields, name, json!("a file"));
        } else {
            put(&mut form.fields, name, typed(name, std::str::from_utf8(value).ok()?));
        }
        left = rest.get(end + 2 + delimiter.len()..)?;
    }
    Some(form)
}

/// A parameter of a part's head, with quotes about it or without.
fn parameter<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let value = head.split(';').find_map(|parameter| parameter.trim_start().strip_prefix(name))?;
    match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => Some(value.split('\r').next()?.trim_end()),
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Fields of a form are all text; the schema knows better.
fn typed(name: &str, text: &str) -> Value {
    match name {
        "n" | "temperature" | "output_compression" | "partial_images" => {
            serde_json::from_str(text).unwrap_or_else(|_| text.into())
        }
        "stream" => match text {
            "true" => true.into(),
            "false" => false.into(),
            _ => text.into(),
        },
        _ => text.into(),
    }
}

/// `name[]` is an item of a list.
fn put(fields: &mut Value, name: &str, value: Value) {
    match name.strip_suffix("[]") {
        Some(list) => {
            if !fields[list].is_array() {
                fields[list] = json!([]);
            }
            if let Value::Array(items) = &mut fields[list] {
                items.push(value);
            }
        }
        None => fields[name] = value,
    }
}

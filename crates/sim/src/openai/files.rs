//! Files: what is uploaded is kept as it is.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::{dressed, error, form, request, stored, untexted};
use crate::call::Call;
use crate::clock::now_secs;
use crate::log::Recorder;
use crate::reply::Reply;
use crate::sim::Sim;

/// `POST /v1/files`
pub fn create(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    let form = match form::read(sim, call, "CreateFileRequest") {
        Ok(form) => form,
        Err(reply) => return *reply,
    };
    let Some(file) = form.files.first() else {
        return error::of(call, 400, ("'file' is a required property", "invalid_request_error"), (None, None));
    };
    let shown = json!({
        "object": "file", "id": call.unique("file-"), "purpose": form.fields["purpose"], "filename": file.name,
        "bytes": file.bytes, "created_at": now_secs(), "status": "processed",
    });
    sim.files.put(call.owner(), json!(BASE64_STANDARD.encode(&file.content)), shown.clone());
    untexted(call, &shown)
}

/// `GET /v1/files`
pub fn list(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    if let Err(reply) = request::query(sim, call, "listFilesQuery") {
        return *reply;
    }
    let all: Vec<Value> = sim.files.all(call.owner()).into_iter().map(|kept| kept.answer).collect();
    untexted(call, &stored::page(call, all))
}

/// `GET /v1/files/{id}`
pub fn get(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    sim.files.get(call.owner(), id(call)).map_or_else(|| absent(call), |kept| untexted(call, &kept.answer))
}

/// `DELETE /v1/files/{id}`
pub fn delete(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    match sim.files.remove(call.owner(), id(call)) {
        true => untexted(call, &json!({"object": "file", "id": id(call), "deleted": true})),
        false => absent(call),
    }
}

/// `GET /v1/files/{id}/content`
pub fn content(sim: &Sim, call: &Call, _: &mut Recorder) -> Reply {
    let kept = sim.files.get(call.owner(), id(call));
    let content = kept.and_then(|kept| BASE64_STANDARD.decode(kept.request.as_str()?).ok());
    match content {
        Some(content) => dressed(call, &call.asked_aside(), Reply::text(200, "application/octet-stream", content)),
        None => absent(call),
    }
}

fn id(call: &Call) -> &str {
    call.segment(2)
}

fn absent(call: &Call) -> Reply {
    let said = format!("No such File object: {}", id(call));
    error::of(call, 404, (&said, "invalid_request_error"), (Some("id"), None))
}

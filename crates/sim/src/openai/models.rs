//! GET /v1/models

use serde_json::{Value, json};

use super::usual_headers;
use crate::bill::{self, Model};
use crate::call::Call;
use crate::provider::Provider;
use crate::reply::Reply;

/// The list.
pub fn list(call: &Call) -> Reply {
    let data: Vec<Value> = bill::models(Provider::OpenAi).map(info).collect();
    let mut reply = Reply::json(200, &json!({"object": "list", "data": data}));
    usual_headers(call, &mut reply);
    reply
}

/// One model.
pub fn one(call: &Call) -> Reply {
    let id = call.path.trim_start_matches("/v1/models/");
    let Some(model) = bill::model(Provider::OpenAi, id) else {
        let said = format!("The model '{id}' does not exist or you do not have access to it.");
        let place = (Some("model"), Some("model_not_found"));
        return super::error::of(call, 404, (&said, "invalid_request_error"), place);
    };
    let mut reply = Reply::json(200, &info(model));
    usual_headers(call, &mut reply);
    reply
}

fn info(model: &Model) -> Value {
    json!({"id": model.id, "object": "model", "created": 1_767_225_600, "owned_by": "system"})
}

//! GET /v1/models

use serde_json::{Value, json};

use super::untexted;
use crate::bill;
use crate::call::Call;
use crate::echo;
use crate::provider::Provider;
use crate::reply::Reply;
use crate::sim::Sim;

/// The list.
pub fn list(sim: &Sim, call: &Call) -> Reply {
    let echoes = echo::ids(sim, call);
    let ids = bill::models(Provider::OpenAi).map(|model| &model.id).chain(&echoes);
    let data: Vec<Value> = ids.map(|id| info(id)).collect();
    untexted(call, &json!({"object": "list", "data": data}))
}

/// One model.
pub fn one(call: &Call) -> Reply {
    let id = call.path.trim_start_matches("/v1/models/");
    let Some(model) = bill::model(Provider::OpenAi, id) else {
        let said = format!("The model '{id}' does not exist or you do not have access to it.");
        let place = (Some("model"), Some("model_not_found"));
        return super::error::of(call, 404, (&said, "invalid_request_error"), place);
    };
    untexted(call, &info(&model.id))
}

fn info(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": 1_767_225_600, "owned_by": "system"})
}

//! The published schemas, read by an independent validator.

use jsonschema::Validator;
use serde_json::{Value, json};

/// A validator of a named schema that also refuses members the schema does
/// not name: the services do, and we must not answer with any.
pub fn closed(provider: &str, name: &str) -> Validator {
    let text = match provider {
        "anthropic" => include_str!("../../data/anthropic.json"),
        _ => include_str!("../../data/openai.json"),
    };
    let mut root: Value = serde_json::from_str(text).expect("JSON");
    for schema in root["$defs"].as_object_mut().expect("schemas").values_mut() {
        close(schema);
    }
    root["$ref"] = json!(format!("#/$defs/{name}"));
    jsonschema::validator_for(&root).expect("a schema")
}

fn close(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    if members.contains_key("properties") && !members.contains_key("additionalProperties") {
        members.insert("additionalProperties".into(), json!(false));
    }
    for (name, value) in members.iter_mut() {
        match (name.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(close),
            ("anyOf" | "oneOf", Value::Array(branches)) => branches.iter_mut().for_each(close),
            ("items" | "additionalProperties", inner) => close(inner),
            _ => {}
        }
    }
}

pub fn assert_valid(validator: &Validator, value: &Value) {
    let faults: Vec<String> = validator.iter_errors(value).map(|e| format!("{} at {}", e, e.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\n{value:#}");
}

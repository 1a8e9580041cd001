//! Calls of the caller's tools.

use serde_json::{Map, Value, json};

use crate::directive::Directives;

/// A call the answer makes.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// The tool.
    pub name: String,
    /// Arguments that fit its schema, or those that a directive gives.
    pub input: Value,
}

/// Whether a text makes the model call a tool by itself, and the tool that it names.
pub fn wanted((directives, text): &(Directives, String)) -> (bool, Option<&str>) {
    let wanted = directives.has("tool") || text.to_lowercase().contains("weather");
    (wanted, directives.text("tool", "name"))
}

/// What a tool of this schema is called with.
pub fn input((directives, _): &(Directives, String), schema: Option<&Value>) -> Value {
    let given = directives.text("tool", "input").and_then(|input| serde_json::from_str(input).ok());
    given.unwrap_or_else(|| example(schema.unwrap_or(&Value::Null)))
}

/// A value that fits a JSON schema; of an object the required members.
pub fn example(schema: &Value) -> Value {
    if let Some(fixed) = schema.get("const") {
        return fixed.clone();
    }
    if let Some(first) = schema.pointer("/enum/0").or_else(|| schema.get("default")) {
        return first.clone();
    }
    if let Some(first) = schema.pointer("/anyOf/0").or_else(|| schema.pointer("/oneOf/0")) {
        return example(first);
    }
    let kind = schema.get("type").and_then(|kind| kind.as_str().or_else(|| kind.get(0)?.as_str()));
    match kind {
        Some("string") => json!("Zürich"),
        Some("integer") => schema.get("minimum").cloned().unwrap_or(json!(7)),
        Some("number") => schema.get("minimum").cloned().unwrap_or(json!(1.5)),
        Some("boolean") => json!(true),
        Some("null") => Value::Null,
        Some("array") => json!([schema.get("items").map_or(json!("one"), example)]),
        _ => object(schema),
    }
}

fn object(schema: &Value) -> Value {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let member = |name: &str| {
        let of = schema.get("properties").and_then(|properties| properties.get(name));
        (name.to_owned(), of.map_or(json!("any"), example))
    };
    Value::Object(required.filter_map(Value::as_str).map(member).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::example;
    use serde_json::json;

    #[test]
    fn required_members_are_given() {
        let schema = json!({"type": "object", "required": ["city", "days", "unit"], "properties": {
            "city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["c", "f"]},
            "other": {"type": "string"}}});
        assert_eq!(example(&schema), json!({"city": "Zürich", "days": 7, "unit": "c"}));
    }
}

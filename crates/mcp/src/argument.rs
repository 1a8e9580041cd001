//! The arguments of a tool: what a client is told of them, and what of a call is taken.

use serde_json::{Map, Value, json};

use crate::api::Refusal;

/// An argument.
pub(crate) struct Argument {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) form: Form,
    pub(crate) place: Place,
    pub(crate) required: bool,
}

/// What it may be.
pub(crate) enum Form {
    /// Text that is not empty, of so many characters at most.
    Text(usize),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A number from 1 to this.
    UpTo(u64),
    /// Whether or not.
    Flag,
}

/// Where the API takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the path, in the place of its name.
    Path,
    /// In the query.
    Query,
    /// As a member of the body.
    Body,
    /// Nowhere: it says what of a long answer is told.
    Page,
}

/// The JSON Schema of a tool's arguments: an object with these members and no others.
pub(crate) fn schema(arguments: &[Argument]) -> Map<String, Value> {
    let properties: Map<String, Value> =
        arguments.iter().map(|argument| (argument.name.to_owned(), argument.schema())).collect();
    let required: Vec<&str> = arguments.iter().filter(|argument| argument.required).map(|a| a.name).collect();
    Map::from_iter([
        ("type".to_owned(), json!("object")),
        ("properties".to_owned(), Value::Object(properties)),
        ("required".to_owned(), json!(required)),
        ("additionalProperties".to_owned(), json!(false)),
    ])
}

/// The values of a call, as text, in the arguments' order. What is wrong is told without quoting it: it may hold a key.
pub(crate) fn take(arguments: &[Argument], mut given: Map<String, Value>) -> Result<Vec<(&Argument, String)>, Refusal> {
    let mut taken = Vec::new();
    for argument in arguments {
        match given.remove(argument.name) {
            Some(value) => taken.push((argument, argument.read(&value)?)),
            None if argument.required => {
                let Argument { name, about, .. } = argument;
                return Err(Refusal::bad_request(format!("The argument `{name}` is missing: {about}")));
            }
            None => {}
        }
    }
    if given.is_empty() {
        return Ok(taken);
    }
    let known: Vec<String> = arguments.iter().map(|argument| format!("`{}`", argument.name)).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(Refusal::bad_request(format!("An argument is not known here. Known: {known}.")))
}

impl Argument {
    fn schema(&self) -> Value {
        let mut schema = match self.form {
            Form::Text(longest) => json!({"type": "string", "minLength": 1, "maxLength": longest}),
            Form::OneOf(words) => json!({"type": "string", "enum": words}),
            Form::UpTo(most) => json!({"type": "integer", "minimum": 1, "maximum": most}),
            Form::Flag => json!({"type": "boolean"}),
        };
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".to_owned(), json!(self.about));
        }
        schema
    }

    fn read(&self, value: &Value) -> Result<String, Refusal> {
        let read = match self.form {
            Form::Text(longest) => value.as_str().filter(|text| (1..=longest).contains(&text.chars().count())),
            Form::OneOf(words) => value.as_str().filter(|text| words.contains(text)),
            Form::Flag => return value.as_bool().map(|flag| flag.to_string()).ok_or_else(|| self.unfit()),
            Form::UpTo(most) => {
                let number = value.as_u64().filter(|number| (1..=most).contains(number));
                return number.map(|number| number.to_string()).ok_or_else(|| self.unfit());
            }
        };
        read.map(str::to_owned).ok_or_else(|| self.unfit())
    }

    fn unfit(&self) -> Refusal {
        let form = match self.form {
            Form::Text(longest) => format!("text of 1 to {longest} characters"),
            Form::OneOf(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                format!("one of {}", words.join(", "))
            }
            Form::Flag => "true or false".to_owned(),
            Form::UpTo(most) => format!("a number from 1 to {most}"),
        };
        Refusal::bad_request(format!("The argument `{}` must be {form}.", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARGUMENTS: [Argument; 4] = [
        Argument { name: "id", about: "Which.", form: Form::Text(4), place: Place::Path, required: true },
        Argument {
            name: "by",
            about: "How.",
            form: Form::OneOf(&["day", "hour"]),
            place: Place::Query,
            required: false,
        },
        Argument { name: "limit", about: "How many.", form: Form::UpTo(200), place: Place::Query, required: false },
        Argument { name: "all", about: "Whether.", form: Form::Flag, place: Place::Query, required: false },
    ];

    fn taken(given: Value) -> Result<Vec<String>, String> {
        let taken = take(&ARGUMENTS, given.as_object().unwrap().clone());
        let taken = taken.map(|values| values.into_iter().map(|(_, value)| value).collect());
        taken.map_err(|refusal| refusal.detail().to_owned())
    }

    #[test]
    fn what_fits_is_taken_and_all_else_is_refused_unquoted() {
        assert_eq!(taken(json!({"limit": 200, "id": "äöüß"})), Ok(vec!["äöüß".to_owned(), "200".to_owned()]));
        assert_eq!(taken(json!({"id": "a", "by": "day"})).unwrap().len(), 2);
        assert_eq!(taken(json!({"id": "a", "all": false})), Ok(vec!["a".to_owned(), "false".to_owned()]));
        for (given, named) in [
            (json!({}), "`id` is missing"),
            (json!({"id": ""}), "`id` must be text"),
            (json!({"id": "SECRET"}), "`id` must be text"),
            (json!({"id": 1}), "`id` must be text"),
            (json!({"id": null}), "`id` must be text"),
            (json!({"id": "a", "by": "SECRET"}), "`day`, `hour`"),
            (json!({"id": "a", "limit": 0}), "from 1 to 200"),
            (json!({"id": "a", "limit": 201}), "from 1 to 200"),
            (json!({"id": "a", "limit": "1"}), "from 1 to 200"),
            (json!({"id": "a", "all": "true"}), "true or false"),
            (json!({"id": "a", "SECRET": "SECRET"}), "Known: `id`, `by`, `limit`, `all`"),
        ] {
            let detail = taken(given.clone()).unwrap_err();
            assert!(detail.contains(named) && !detail.contains("SECRET"), "{given}: {detail}");
        }
    }

    #[test]
    fn the_schema_says_the_same() {
        let schema = Value::Object(schema(&ARGUMENTS));
        assert_eq!((&schema["additionalProperties"], &schema["required"]), (&json!(false), &json!(["id"])));
        let limit = json!({"type": "integer", "minimum": 1, "maximum": 200, "description": "How many."});
        assert_eq!(schema["properties"]["limit"], limit);
    }
}

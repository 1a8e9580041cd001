use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn asked(body: &str) -> Result<Asked, BadRequest> {
    understand(body.as_bytes())
}

fn edited(body: &str, model: Option<&str>, ask_usage: bool) -> String {
    let bytes = Bytes::copy_from_slice(body.as_bytes());
    String::from_utf8(asked(body).unwrap().edit(&bytes, model, ask_usage).to_vec()).unwrap()
}

#[test]
fn reads_what_decides() {
    let got = asked(r#" {"messages":[{"model":"inner"}], "model" : "gpt-4o", "stream":true}"#).unwrap();
    assert_eq!((got.model.as_deref(), got.stream, got.wants_usage), (Some("gpt-4o"), true, false));
    let got = asked(r#"{"model":null,"stream":null,"stream_options":{"include_usage":true}}"#).unwrap();
    assert_eq!((got.model, got.stream, got.wants_usage), (None, false, true));
}

#[test]
fn bad_bodies_are_told_without_quoting_them() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    for (body, error) in [
        ("", BadRequest::NotJson), ("  ", BadRequest::NotJson), ("{", BadRequest::NotJson), ("{}x", BadRequest::NotJson),
        (&deep, BadRequest::NotJson), ("[]", BadRequest::NotObject), ("\"a\"", BadRequest::NotObject), ("1", BadRequest::NotObject),
        (r#"[null,null,null]"#, BadRequest::NotObject),
        (r#"{"model":"a","model":"b"}"#, BadRequest::Duplicate), (r#"{"stream":true,"stre\u0061m":false}"#, BadRequest::Duplicate),
        (r#"{"model":1}"#, BadRequest::Type("model")), (r#"{"model":""}"#, BadRequest::Type("model")),
        (r#"{"model":"a\u0000"}"#, BadRequest::Type("model")), (r#"{"stream":"yes"}"#, BadRequest::Type("stream")),
        (r#"{"stream_options":[]}"#, BadRequest::Type("stream_options")),
        (r#"{"stream_options":{"include_usage":1}}"#, BadRequest::Type("stream_options.include_usage")),
    ] {
        assert_eq!(asked(body), Err(error), "{body}");
    }
}

#[test]
fn edits_touch_nothing_else() {
    assert_eq!(edited(r#"{ "model":"openai/gpt-4o" ,"x":1.0}"#, Some("gpt-4o"), false), r#"{ "model":"gpt-4o" ,"x":1.0}"#);
    assert_eq!(edited(r#"{"model":"a"}"#, Some("a"), false), r#"{"model":"a"}"#);
    assert_eq!(edited(r#"{"stream":true}"#, None, true), r#"{"stream_options":{"include_usage":true},"stream":true}"#);
    assert_eq!(edited(r#"{"stream_options":null}"#, None, true), r#"{"stream_options":{"include_usage":true}}"#);
    assert_eq!(edited(r#"{"stream_options":{ }}"#, None, true), r#"{"stream_options":{"include_usage":true }}"#);
    assert_eq!(edited(r#"{"stream_options":{"x":1}}"#, None, true), r#"{"stream_options":{"include_usage":true,"x":1}}"#);
    assert_eq!(edited(r#"{"stream_options":{"include_usage":false}}"#, None, true), r#"{"stream_options":{"include_usage":true}}"#);
    assert_eq!(edited(r#"{"stream_options":{"include_usage":null}}"#, None, true), r#"{"stream_options":{"include_usage":true}}"#);
    assert_eq!(edited(r#"{"stream_options":{"include_usage":true}}"#, None, true), r#"{"stream_options":{"include_usage":true}}"#);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), any::<i64>().prop_map(Value::from), ".*".prop_map(Value::from)];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(".{0,4}", inner, 0..5).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = understand(&bytes);
    }

    #[test]
    fn an_edited_body_means_the_same_but_for_the_edit(messages in any_json(), options in prop::option::of(any_json()), pretty: bool) {
        let mut body = json!({"messages": messages, "model": "openai/gpt-4o", "stream": true});
        if let Some(options) = options.filter(Value::is_object) {
            body["stream_options"] = options;
        }
        let text = if pretty { serde_json::to_string_pretty(&body).unwrap() } else { body.to_string() };
        let after: Value = serde_json::from_str(&edited(&text, Some("gpt-4o"), true)).unwrap();
        body["model"] = json!("gpt-4o");
        body["stream_options"]["include_usage"] = json!(true);
        prop_assert_eq!(after, body);
    }
}

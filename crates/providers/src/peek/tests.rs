//! Peeking agrees with a whole parse, and an edit changes what it says and nothing else.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::paths::post;

fn route(path: &str) -> &'static Route {
    post(path).unwrap()
}

fn look(body: &[u8], route: &Route) -> Result<Peek, PeekError> {
    peek(Payload { bytes: body, kind: Some(b"application/json") }, route)
}

#[test]
fn a_model_may_be_null_where_the_provider_says_so() {
    assert_eq!(look(br#"{"model":null,"n":2}"#, route("/v1/images/generations")).unwrap().answers, Some(2));
    assert!(look(br#"{"model":7}"#, route("/v1/images/generations")).is_err());
}

#[test]
fn a_stream_with_a_prediction_hides_output() {
    let shown = |body: &str| {
        let route = route("/v1/chat/completions");
        route.shows_output(&look(body.as_bytes(), route).unwrap(), "gpt-4o")
    };
    assert!(shown(r#"{"stream":true}"#) && shown(r#"{"stream":true,"prediction":null}"#));
    assert!(!shown(r#"{"stream":true,"prediction":{"type":"content","content":"a"}}"#));
}

#[test]
fn each_prompt_of_a_list_is_answered() {
    let answers = |body: &str| look(body.as_bytes(), route("/v1/completions")).unwrap().answers;
    assert_eq!(answers(r#"{"prompt":"a"}"#), None);
    assert_eq!(answers(r#"{"prompt":[1,2,3],"n":2}"#), Some(2), "one of three tokens");
    assert_eq!(answers(r#"{"prompt":["a"]}"#), None);
    assert_eq!(answers(r#"{"prompt":["a", "b","c"]}"#), Some(3));
    assert_eq!(answers(r#"{"prompt":[[1,2],[3]],"n":2,"best_of":5}"#), Some(10));
    assert_eq!(answers(r#"{"prompt":["a","b"],"n":4294967295}"#), Some(u32::MAX));
    assert_eq!(answers(r#"{"prompt":[],"n":0}"#), Some(0));
    assert_eq!(look(br#"{"prompt":["a","b"],"n":1}"#, route("/v1/chat/completions")).unwrap().answers, Some(1));
    let prompts = |body: &str, path| look(body.as_bytes(), route(path)).unwrap().prompts;
    assert_eq!(prompts(r#"{"prompt":["a","b"],"n":4}"#, "/v1/completions"), Some(2));
    for (input, count) in [(r#""a""#, 1), ("[1,2,3]", 1), (r#"["a"]"#, 1), (r#"["a","b"]"#, 2), ("[[1,2],[3],[4]]", 3)]
    {
        assert_eq!(prompts(&format!(r#"{{"input":{input}}}"#), "/v1/embeddings"), Some(count), "{input}");
    }
    assert_eq!(prompts(r#"{"input":["a","b"]}"#, "/v1/responses"), None);
}

#[test]
fn what_is_made_in_the_background_is_not_seen_whole() {
    let responses = route("/v1/responses");
    let shows = |body: &str| {
        let found = look(body.as_bytes(), responses).unwrap();
        (found.background, responses.shows_output(&found, "gpt-4o-mini"))
    };
    assert_eq!(shows(r#"{"model":"m","stream":true}"#), (false, true));
    assert_eq!(shows(r#"{"model":"m","stream":true,"background":null}"#), (false, true));
    assert_eq!(shows(r#"{"model":"m","stream":true,"background":true}"#), (true, false));
    assert!(look(br#"{"background":"yes"}"#, responses).is_err());
    assert!(look(br#"{"background":false,"background":true}"#, responses).is_err());
    // Elsewhere it means nothing.
    assert!(!look(br#"{"background":true}"#, route("/v1/chat/completions")).unwrap().background);
}

fn form(fields: &[(&str, &str)]) -> String {
    let part = |(name, value): &(&str, &str)| {
        format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    fields.iter().map(part).chain(["--X--\r\n".to_owned()]).collect()
}

fn look_at_form(fields: &[(&str, &str)]) -> Result<Peek, PeekError> {
    let body = form(fields);
    let sent = Payload { bytes: body.as_bytes(), kind: Some(b"multipart/form-data; boundary=X") };
    peek(sent, route("/v1/images/edits"))
}

#[test]
fn a_form_is_read_and_edited_as_json_is() {
    let fields = [("prompt", "model"), ("model", "mine"), ("stream", "true"), ("n", "3")];
    let found = look_at_form(&fields).unwrap();
    assert_eq!((found.model.as_deref(), found.stream, found.answers), (Some("mine"), true, Some(3)));
    let edits = Edits { model: Some("gpt-image-1"), include_usage: true, output_limit: Some(9) };
    let edited =
        |fields: &[_], found| edit(&Bytes::from(form(fields)), route("/v1/images/edits"), found, edits).concat();
    assert_eq!(edited(&fields, &found), form(&fields).replace("mine", "gpt-image-1").as_bytes());
    let nameless = [("prompt", "x")];
    assert_eq!(edited(&nameless, &look_at_form(&nameless).unwrap()), form(&nameless).as_bytes());
}

#[test]
fn what_is_wrong_with_a_form_is_named() {
    for (fields, wrong) in [
        (&[("model", "a"), ("model", "b")][..], PeekError::Duplicate("model")),
        (&[("stream", "SECRET")], PeekError::WrongType { member: "stream", expected: "true or false" }),
    ] {
        assert_eq!(look_at_form(fields), Err(wrong));
    }
    assert!(matches!(look_at_form(&[("n", "x")]), Err(PeekError::WrongType { member: "n", .. })));
    assert!(matches!(look_at_form(&[("model", "a\u{1}")]), Err(PeekError::WrongType { member: "model", .. })));
    let broken = Payload { bytes: b"--X", kind: Some(b"multipart/form-data; boundary=X") };
    assert_eq!(peek(broken, route("/v1/audio/transcriptions")), Err(PeekError::NotAForm));
    // Elsewhere a form is no JSON, whatever its type says.
    assert!(matches!(peek(broken, route("/v1/embeddings")), Err(PeekError::NotJson(_))));
}

fn chat(body: &str) -> Result<Peek, PeekError> {
    look(body.as_bytes(), route(CHAT))
}

fn edited(body: &str, edits: Edits<'_>) -> String {
    let peek = chat(body).unwrap();
    let pieces = edit(&Bytes::copy_from_slice(body.as_bytes()), route(CHAT), &peek, edits);
    String::from_utf8(pieces.concat()).unwrap()
}

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";
const ASK: Edits<'_> = Edits { model: None, include_usage: true, output_limit: None };

#[test]
fn members_are_found_wherever_they_stand() {
    let body = r#" { "messages":[{"model":"no"}],"n":2 , "\u006dodel" : "gpt\u002d4o" ,"stream":true,
        "stream_options":{"include_obfuscation":false,"include_usage":true},"max_completion_tokens":7,"max_tokens":null}"#;
    let found = chat(body).unwrap();
    assert_eq!(found.model.as_deref(), Some("gpt-4o"));
    assert_eq!((found.stream, found.include_usage, found.answers), (true, true, Some(2)));
    assert_eq!(found.output_limit, Some(7));
    assert_eq!(&body[found.places.model.unwrap()], r#""gpt\u002d4o""#);

    let messages = look(br#"{"model":"m","max_tokens":5,"n":"x","stream_options":3}"#, route(MESSAGES)).unwrap();
    assert_eq!((messages.model.as_deref(), messages.output_limit, messages.answers), (Some("m"), Some(5), None));
    assert_eq!(chat("{}").unwrap().model, None);
}

#[test]
fn a_limit_may_be_written_in_any_way_that_is_whole() {
    for (written, limit) in [
        ("5", 5),
        ("5.0", 5),
        ("5.000", 5),
        ("1e3", 1_000),
        ("1.5E+3", 1_500),
        ("50e-1", 5),
        ("4294967295.0", u32::MAX),
    ] {
        let body = format!(r#"{{"max_tokens": {written},"model":"m"}}"#);
        let found = chat(&body).unwrap();
        assert_eq!(found.output_limit, Some(limit), "{written}");
        // It goes out as it came.
        assert_eq!(edited(&body, Edits { include_usage: false, ..ASK }), body);
    }
}

#[test]
fn what_is_no_json_is_told_with_its_place_and_without_its_words() {
    for (body, told) in [
        ("{\"messages\":[],\n\"user\":\"SECRET \\ud83d\"}", "hex escape at line 2 column"),
        ("{\"model\":\"m\",\n\"user\":SECRET}", "expected value at line 2 column 8"),
        ("{\"messages\":[{\"content\":\"SECRET\"", "EOF"),
        ("SECRET", "expected value at line 1 column 1"),
        (r#"{"model":"m"} SECRET"#, "trailing characters at line 1 column 15"),
    ] {
        let error = chat(body).unwrap_err().to_string();
        assert!(error.contains(told) && error.contains("column") && !error.contains("SECRET"), "{body}: {error}");
    }
    let within = look(br#"{"model":"m","input":"a","previous_response_id":"\ud800"}"#, route("/v1/responses"));
    assert!(within.unwrap_err().to_string().contains("hex escape at line 1 column"));
    let deep = format!(r#"{{"stream_options":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    assert!(chat(&deep).unwrap_err().to_string().contains("recursion limit exceeded at line 1 column"));
}

#[test]
fn wrong_types_name_the_member_and_not_the_value() {
    for (body, wrong) in [
        (r#"{"model":7}"#, "model"),
        (r#"{"model":null}"#, "model"),
        (r#"{"model":["SECRET"]}"#, "model"),
        (r#"{"model":"SECRET\u0000"}"#, "model"),
        (r#"{"model":"\ud800"}"#, "model"),
        (r#"{"stream":"SECRET"}"#, "stream"),
        (r#"{"stream":1}"#, "stream"),
        (r#"{"stream_options":"SECRET"}"#, "stream_options"),
        (r#"{"stream_options":{"include_usage":"SECRET"}}"#, "include_usage"),
        (r#"{"max_tokens":-1}"#, "max_tokens"),
        (r#"{"max_tokens":1.5}"#, "max_tokens"),
        (r#"{"max_tokens":1e-3}"#, "max_tokens"),
        (r#"{"max_tokens":-0.0}"#, "max_tokens"),
        (r#"{"max_tokens":5e9}"#, "max_tokens"),
        (r#"{"max_tokens":1e99999999999}"#, "max_tokens"),
        (r#"{"max_tokens":4294967296}"#, "max_tokens"),
        (r#"{"max_completion_tokens":"5"}"#, "max_completion_tokens"),
        (r#"{"n":true}"#, "n"),
    ] {
        let error = chat(body).unwrap_err();
        assert!(matches!(error, PeekError::WrongType { member, .. } if member == wrong), "{body}: {error:?}");
        assert!(!error.to_string().contains("SECRET"));
    }
}

#[test]
fn duplicates_are_refused_where_they_are_read() {
    for (body, twice) in [
        (r#"{"model":"a","x":1,"model":"b"}"#, "model"),
        (r#"{"model":"a","mod\u0065l":"a"}"#, "model"),
        (r#"{"stream":true,"stream":true}"#, "stream"),
        (r#"{"stream_options":{"include_usage":true,"include_usage":false}}"#, "include_usage"),
    ] {
        assert_eq!(chat(body), Err(PeekError::Duplicate(twice)), "{body}");
    }
    assert!(chat(r#"{"x":1,"x":2}"#).is_ok());
}

#[test]
fn what_is_no_json_object_is_refused() {
    for body in ["[]", "null", "\"model\"", " 3 "] {
        assert_eq!(chat(body), Err(PeekError::NotAnObject), "{body}");
    }
    for body in [
        "",
        " ",
        "{",
        "{\"model\":}",
        "{}}",
        "{}x",
        "{\"a\":1,}",
        "{'a':1}",
        "nul",
        "{\"a\":\"\u{1}\"}",
        "{\"a\":01}",
        "{\"a\":1e999}",
    ] {
        assert!(matches!(chat(body), Err(PeekError::NotJson(_))), "{body}");
    }
    assert!(matches!(look(b"{\"a\":\"\xff\"}", route(MESSAGES)), Err(PeekError::NotJson(_))));
}

#[test]
fn depth_is_bounded_also_inside_what_is_read() {
    let is_none = |body: &str| matches!(chat(body), Err(PeekError::NotJson(_)));
    for member in ["x", "model", "stream_options"] {
        let nested = |depth: usize| format!("{{\"{member}\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_none(&nested(DEPTH_MAX - 1)), "{member}");
        assert!(is_none(&nested(DEPTH_MAX)), "{member}");
        assert!(is_none(&nested(1_000_000)), "{member}");
    }
}

#[test]
fn edits_leave_the_other_bytes_alone() {
    for (body, expected) in [
        ("{}", r#"{"stream_options":{"include_usage":true}}"#),
        (" { } ", r#" {"stream_options":{"include_usage":true} } "#),
        ("{\n \"a\": 1}", "{\"stream_options\":{\"include_usage\":true},\n \"a\": 1}"),
        (r#"{"stream_options": null}"#, r#"{"stream_options": {"include_usage":true}}"#),
        (r#"{"stream_options":{ }}"#, r#"{"stream_options":{"include_usage":true }}"#),
        (r#"{"stream_options":{"x":1}}"#, r#"{"stream_options":{"include_usage":true,"x":1}}"#),
        (r#"{"stream_options":{"include_usage": false}}"#, r#"{"stream_options":{"include_usage": true}}"#),
        (r#"{"stream_options":{"include_usage":null}}"#, r#"{"stream_options":{"include_usage":true}}"#),
        (r#"{"stream_options":{"include_usage":true}}"#, r#"{"stream_options":{"include_usage":true}}"#),
    ] {
        assert_eq!(edited(body, ASK), expected, "{body}");
    }
    let all = Edits { model: Some("a\"b"), include_usage: true, output_limit: Some(9) };
    assert_eq!(
        edited(r#"{"max_tokens":null,"model" : "agent/lead","stream_options":{}}"#, all),
        r#"{"max_completion_tokens":9,"max_tokens":null,"model" : "a\"b","stream_options":{"include_usage":true}}"#,
    );
    assert_eq!(
        edited(r#"{"max_completion_tokens":null}"#, Edits { output_limit: Some(9), ..Edits::default() }),
        r#"{"max_completion_tokens":9}"#
    );
    assert_eq!(
        edited(r#"{"max_tokens":5}"#, Edits { output_limit: Some(9), ..Edits::default() }),
        r#"{"max_tokens":5}"#
    );
}

#[test]
fn an_output_limit_is_written_by_the_name_that_the_model_knows() {
    let limit = |model, body: &str| edited(body, Edits { model, output_limit: Some(9), ..Edits::default() });
    assert_eq!(limit(None, r#"{"model":"gpt-4o-mini"}"#), r#"{"max_tokens":9,"model":"gpt-4o-mini"}"#);
    assert_eq!(limit(None, r#"{"model":"gpt-5"}"#), r#"{"max_completion_tokens":9,"model":"gpt-5"}"#);
    // What counts is the model that is asked, whatever the caller calls it.
    let both = r#"{"model":"mine","max_tokens":null,"max_completion_tokens":null}"#;
    assert_eq!(limit(Some("gpt-4"), both), r#"{"model":"gpt-4","max_tokens":9,"max_completion_tokens":null}"#);
    assert_eq!(limit(Some("o3"), both), r#"{"model":"o3","max_tokens":null,"max_completion_tokens":9}"#);
}

#[test]
fn a_body_that_is_as_wanted_is_not_copied() {
    let body = Bytes::from_static(br#"{"model":"m","max_tokens":3,"stream_options":null}"#);
    let peek = look(&body, route(MESSAGES)).unwrap();
    let edits = Edits { model: Some("m"), include_usage: true, output_limit: Some(5) };
    let pieces = edit(&body, route(MESSAGES), &peek, edits);
    assert_eq!((pieces.len(), pieces[0].as_ptr()), (1, body.as_ptr()));
}

#[test]
fn an_edited_body_is_not_copied_either() {
    let body = Bytes::from_static(br#"{"messages":[],"model":"m"}"#);
    let peek = look(&body, route(CHAT)).unwrap();
    let pieces = edit(&body, route(CHAT), &peek, Edits { model: Some("n"), ..ASK });
    assert_eq!(pieces.concat(), br#"{"stream_options":{"include_usage":true},"messages":[],"model":"n"}"#);
    let original = body.as_ptr_range();
    let shared = pieces.iter().filter(|piece| original.contains(&piece.as_ptr()));
    assert_eq!(shared.map(Bytes::len).sum::<usize>(), body.len() - "\"m\"".len());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u64..5_000_000_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        "[a-z\"\\\\]{0,4}",
        prop::sample::select(vec!["model", "stream", "stream_options", "include_usage", "max_tokens", "n"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A body that is mostly as callers send it.
fn any_body() -> impl Strategy<Value = Value> {
    let options = prop_oneof![
        Just(Value::Null),
        Just(json!({})),
        any::<bool>().prop_map(|b| json!({"include_usage": b})),
        any::<bool>().prop_map(|b| json!({"other": [1], "include_usage": b})),
        any_json(),
    ];
    let optional = |strategy: BoxedStrategy<Value>| prop::option::of(strategy);
    (
        optional(".{0,12}".prop_map(Value::from).boxed()),
        optional(any::<bool>().prop_map(Value::from).boxed()),
        optional(options.boxed()),
        optional(any::<u32>().prop_map(Value::from).boxed()),
        optional(any_json().boxed()),
    )
        .prop_map(|(model, stream, options, limit, messages)| {
            let members = [
                ("model", model),
                ("stream", stream),
                ("stream_options", options),
                ("max_tokens", limit),
                ("messages", messages),
            ];
            let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            Value::Object(present.collect())
        })
}

/// A whole number, also one that was written as a float.
fn whole(number: &Value) -> Option<u64> {
    let float = || number.as_f64().filter(|float| float.fract() == 0.0 && float.is_sign_positive());
    number.as_u64().or_else(|| format!("{:.0}", float()?).parse().ok())
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..100), text in "[{}\\[\\]\",:a-z0-9\\\\ ]{0,60}") {
        for body in [&bytes[..], text.as_bytes()] {
            for route in [route(CHAT), route(MESSAGES), route("/v1/embeddings")] {
                if let Ok(found) = look(body, route) {
                    prop_assert!(serde_json::from_slice::<Value>(body).unwrap().is_object());
                    edit(&Bytes::copy_from_slice(body), route, &found, ASK);
                }
            }
        }
    }

    #[test]
    fn it_agrees_with_a_whole_parse(value in prop_oneof![any_body(), any_json()], pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        match chat(&text) {
            Err(PeekError::NotJson(_) | PeekError::NotAForm | PeekError::Duplicate(_)) => prop_assert!(false, "{}", text),
            Err(PeekError::NotAnObject) => prop_assert!(!value.is_object()),
            Err(PeekError::WrongType { .. }) => {}
            Ok(found) => {
                prop_assert_eq!(found.model.as_deref(), value["model"].as_str());
                prop_assert_eq!(found.stream, value["stream"].as_bool().unwrap_or(false));
                prop_assert_eq!(found.include_usage, value["stream_options"]["include_usage"].as_bool().unwrap_or(false));
                prop_assert_eq!(found.output_limit.map(u64::from), whole(&value["max_tokens"]).max(whole(&value["max_completion_tokens"])));
                prop_assert_eq!(found.answers.map(u64::from), whole(&value["n"]));
            }
        }
    }

    #[test]
    fn an_edited_body_differs_by_the_edit_only(value in any_body(), pretty in any::<bool>(), model in prop::option::of(".{0,10}"), limit in prop::option::of(any::<u32>())) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        // Floats may change their last digit by being written and read.
        let value: Value = serde_json::from_str(&text).unwrap();
        let Ok(found) = chat(&text) else { return Ok(()) };
        let edits = Edits { model: model.as_deref(), include_usage: true, output_limit: limit };
        let pieces = edit(&Bytes::copy_from_slice(text.as_bytes()), route(CHAT), &found, edits);
        let out: Value = serde_json::from_slice(&pieces.concat()).unwrap();

        let mut expected = value.clone();
        if let Some(model) = model {
            expected["model"] = Value::from(model);
        }
        if let Some(limit) = limit.filter(|_| found.output_limit.is_none()) {
            expected["max_completion_tokens"] = Value::from(limit);
        }
        expected["stream_options"]["include_usage"] = Value::from(true);
        prop_assert_eq!(out, expected);
    }
}

fn sent_form(parts: &[(&str, &str)]) -> String {
    let part = |(disposition, value): &(&str, &str)| {
        format!("--X\r\nContent-Disposition: form-data; name=\"{disposition}\r\n\r\n{value}\r\n")
    };
    parts.iter().map(part).collect::<String>() + "--X--\r\n"
}

/// What stands before the first file is enough, if the model is there, and no second one comes behind it.
#[test]
fn a_form_may_go_out_when_its_model_is_known() {
    const FILE: (&str, &str) = ("file\"; filename=\"a.wav\"", "RIFF");
    let route = route("/v1/audio/transcriptions");
    let opens = |body: &str, bytes: usize| {
        let sent = Payload { bytes: &body.as_bytes()[..bytes], kind: Some(b"multipart/form-data; boundary=X") };
        Opening::of(sent, route)
    };
    let fields = [("prompt\"", "hi"), ("model\"", "whisper-1"), ("stream\"", "true")];
    let good = sent_form(&[&fields[..], &[FILE, ("language\"", "en")]].concat());
    let first = (0..=good.len()).find(|bytes| opens(&good, *bytes).is_some()).unwrap();
    // With the head of the file, so that the value of the field before it is whole.
    assert!(good[..first].ends_with("filename=\"a.wav\"\r\n\r\n"), "{}", &good[..first]);
    for bytes in first..=good.len() {
        let Opening { peek, mut rest } = opens(&good, bytes).unwrap();
        assert_eq!((peek.model.as_deref(), peek.stream), (Some("whisper-1"), true));
        rest.feed(&good.as_bytes()[bytes..]).unwrap();
        rest.end().unwrap();
    }
    let late = sent_form(&[fields[1], FILE, ("model\"", "other")]);
    let begun = late.find("RIFF").unwrap();
    let Opening { mut rest, .. } = opens(&late, begun).unwrap();
    assert_eq!(rest.feed(&late.as_bytes()[begun..]), Err(PeekError::Duplicate("model")));
    let cut = opens(&good, first).unwrap().rest;
    assert_eq!(cut.end(), Err(PeekError::NotAForm));
    for bad in [sent_form(&[FILE, fields[1]]), sent_form(&fields), sent_form(&[fields[1], fields[1], FILE]), late] {
        assert!(opens(&bad, bad.len()).is_none(), "{bad}");
    }
}

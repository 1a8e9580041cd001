//! Oddities, keys and the log.

use std::time::Duration;

use crate::support::{ANTHROPIC, OPENAI, Running, arriving, chat, messages, start, whole, with};
use ownkey_sim::catalogue;
use ownkey_sim::provider::Provider;
use serde_json::{Value, json};

/// Headers, and the status and text they lead to.
type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

fn streamed(text: &str) -> Value {
    with(chat(text), json!({"stream": true, "stream_options": {"include_usage": true}}))
}

async fn outcome(sim: &Running, wanted: &str) -> Value {
    let mut entry = Value::Null;
    for _ in 0..50 {
        entry = sim.last_entry().await;
        if entry["outcome"] == wanted {
            return entry;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no outcome {wanted} within a second: {entry}");
}

/// The events without what differs from call to call.
fn same(events: Vec<String>) -> Vec<String> {
    events
        .into_iter()
        .map(|event| match serde_json::from_str::<Value>(&event) {
            Ok(mut event) => {
                for member in ["id", "created"] {
                    event.as_object_mut().expect("object").remove(member);
                }
                if let Some(message) = event.get_mut("message").and_then(Value::as_object_mut) {
                    message.remove("id");
                }
                event.to_string()
            }
            Err(_) => event,
        })
        .collect()
}

#[tokio::test]
async fn split_streams_join_to_the_unsplit_one() {
    let sim = start().await;
    // The padding keeps the prompts at one length in tokens.
    let unsplit = same(sim.chat(&streamed("Hi [[sim:nosplits]]")).await.events());
    for oddity in ["[[sim:split   ]]", "[[sim:bytes   ]]"] {
        assert_eq!(same(sim.chat(&streamed(&format!("Hi {oddity}"))).await.events()), unsplit);
    }
    let streamed = |text: &str| with(messages(text), json!({"stream": true}));
    let unsplit = same(sim.messages(&streamed("Hi [[sim:none]]")).await.events());
    for oddity in ["[[sim:split]]", "[[sim:bytes]]"] {
        assert_eq!(same(sim.messages(&streamed(&format!("Hi {oddity}"))).await.events()), unsplit);
    }
    let response = sim.ask(Provider::OpenAi, OPENAI, "/v1/chat/completions", &chat("Hi [[sim:split]]")).await;
    assert!(serde_json::from_slice::<Value>(&arriving(response).await.0).is_ok());
}

#[tokio::test]
async fn every_error_can_be_replayed() {
    let sim = start().await;
    for id in catalogue::ids() {
        let entry = catalogue::entry(id).expect("an entry");
        let text = format!("Hi [[sim:error id={id}]]");
        if entry.transport == "none" {
            continue;
        }
        let answer = if id.starts_with("anthropic") {
            sim.messages(&messages(&text)).await
        } else {
            sim.chat(&chat(&text)).await
        };
        let status = answer.status;
        match entry.status() {
            _ if entry.transport == "sse_event" => assert_eq!(status, 500, "{id}"),
            Some(wanted) if wanted >= 200 => assert_eq!(status, wanted, "{id}"),
            _ => assert_eq!(status, 403, "{id}"),
        }
        assert!(!String::from_utf8_lossy(&answer.body).contains("<id>"), "{id}");
    }
}

#[tokio::test]
async fn streams_break_where_it_is_asked_for() {
    let sim = start().await;
    let ask = async |text: &str| sim.ask(Provider::OpenAi, OPENAI, "/v1/chat/completions", &streamed(text)).await;
    let (got, well) = arriving(ask("Hi [[sim:cut after=3]]").await).await;
    let deltas = String::from_utf8_lossy(&got).matches("\"content\":\"").count();
    assert!(!well && deltas == 4, "the role and three deltas, not {deltas}");
    outcome(&sim, "failed").await;
    let answer = whole(ask("Hi [[sim:error_event after=2]]").await).await;
    let events = answer.events();
    assert_eq!(events.last().map(String::as_str), Some("[DONE]"));
    assert!(events[events.len() - 2].contains("server_error"));
    outcome(&sim, "failed").await;
    let (got, well) = arriving(ask("Hi [[sim:no_done]]").await).await;
    assert!(well && !String::from_utf8_lossy(&got).contains("[DONE]"));
    let answer = whole(ask("Hi [[sim:no_usage]]").await).await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("total_tokens"));
    assert_eq!(sim.last_entry().await["usage"], Value::Null);
    let (got, _) = arriving(ask("Hi [[sim:invalid_utf8]]").await).await;
    assert!(std::str::from_utf8(&got).is_err());
    let anthropic = with(messages("Hi [[sim:error_event after=2]]"), json!({"stream": true}));
    let answer = sim.messages(&anthropic).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("event: error\ndata: {\"error\""));
}

#[tokio::test]
async fn a_caller_that_leaves_is_noticed() {
    let sim = start().await;
    let at = sim.openai.trim_start_matches("http://").to_owned();
    let oddities = ["hang after=1", "endless", "slow_head ms=60000", "chunks n=5 delay_ms=60000"];
    let keys = [(OPENAI, "Hi"), ("sk-proj-sim-hang-1", "Hi")];
    let texts = oddities.iter().map(|oddity| (OPENAI, format!("Hi [[sim:{oddity}]]")));
    for (key, text) in texts.chain(keys[1..].iter().map(|(key, text)| (*key, (*text).to_owned()))) {
        let body = streamed(&text).to_string();
        let head = format!("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n");
        let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        let mut socket = tokio::net::TcpStream::connect(&at).await.expect("connected");
        tokio::io::AsyncWriteExt::write_all(&mut socket, request.as_bytes()).await.expect("written");
        outcome(&sim, "open").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(socket);
        outcome(&sim, "cancelled").await;
    }
    let stats = sim.control("GET", "/stats", Value::Null).await;
    assert_eq!((stats["open"].as_u64(), stats["total"].as_u64()), (Some(0), Some(5)));
}

#[tokio::test]
async fn a_caller_that_leaves_at_once_is_in_the_log_too() {
    let sim = start().await;
    let at = sim.openai.trim_start_matches("http://").to_owned();
    for _ in 0..50 {
        let mut socket = tokio::net::TcpStream::connect(&at).await.expect("connected");
        let request = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
        tokio::io::AsyncWriteExt::write_all(&mut socket, request).await.expect("written");
    }
    let mut stats = Value::Null;
    for _ in 0..100 {
        stats = sim.control("GET", "/stats", Value::Null).await;
        if (stats["total"].as_u64(), stats["open"].as_u64()) == (Some(50), Some(0)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not every request is in the log: {stats}");
}

#[tokio::test]
async fn plain_answers_are_odd_too() {
    let sim = start().await;
    let ask = async |text: &str| sim.ask(Provider::OpenAi, OPENAI, "/v1/chat/completions", &chat(text)).await;
    assert!(!arriving(ask("[[sim:cut]]").await).await.1);
    assert!(!arriving(ask("[[sim:length_lie]]").await).await.1);
    assert!(serde_json::from_slice::<Value>(&whole(ask("[[sim:bad_json]]").await).await.body).is_err());
    let zipped = whole(ask("[[sim:gzip]]").await).await;
    assert_eq!(zipped.headers["content-encoding"], "gzip");
    assert_eq!(&zipped.body[..3], [0x1f, 0x8b, 8]);
    assert_eq!(whole(ask("[[sim:redirect]]").await).await.status, 302);
    assert_eq!(whole(ask("[[sim:html]]").await).await.status, 502);
    assert_eq!(whole(ask("[[sim:status code=503]]").await).await.status, 503);
    let told = whole(ask("[[sim:status code=429]] [[sim:should_retry value=false]]").await).await;
    assert_eq!(told.headers["x-should-retry"], "false");
    let echo = whole(ask("[[sim:echo_key]]").await).await;
    let text = String::from_utf8_lossy(&echo.body).into_owned();
    assert!(text.contains(OPENAI) && text.contains("\\u0073\\u006b") && text.contains("%73%6B"));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(whole(ask("[[sim:fail_first n=2 status=500 tag=abc]]").await).await.status);
    }
    assert_eq!(statuses, [500, 500, 200, 200]);
    let huge = whole(ask("[[sim:huge bytes=3000000]]").await).await.json();
    assert_eq!(huge["choices"][0]["message"]["content"].as_str().map(str::len), Some(3_000_000));
}

#[tokio::test]
async fn keys_do_what_their_text_says() {
    let sim = start().await;
    let cases = [
        ("ok", 200, 200, 200, 200),
        ("revoked", 401, 401, 401, 401),
        ("noscope", 403, 401, 403, 403),
        ("nomodels", 403, 200, 403, 200),
        ("limited", 429, 429, 429, 429),
        ("noquota", 200, 429, 200, 400),
        ("down", 500, 500, 500, 500),
        ("overloaded", 503, 503, 529, 529),
        ("echo", 401, 401, 401, 401),
        ("unheard", 401, 401, 401, 401),
    ];
    for (word, openai_list, openai_chat, anthropic_list, anthropic_messages) in cases {
        let (openai, anthropic) = (format!("sk-proj-sim-{word}-1"), format!("sk-ant-api03-sim-{word}-1"));
        let status = async |provider, key: &str, path, body: Value| {
            whole(sim.ask(provider, key, path, &body).await).await.status
        };
        assert_eq!(status(Provider::OpenAi, &openai, "/v1/models", Value::Null).await, openai_list, "{word}");
        assert_eq!(status(Provider::OpenAi, &openai, "/v1/chat/completions", chat("x")).await, openai_chat, "{word}");
        assert_eq!(status(Provider::Anthropic, &anthropic, "/v1/models", Value::Null).await, anthropic_list, "{word}");
        assert_eq!(
            status(Provider::Anthropic, &anthropic, "/v1/messages", messages("x")).await,
            anthropic_messages,
            "{word}"
        );
    }
    sim.control("DELETE", "/keys", json!({"key": ANTHROPIC})).await;
    assert_eq!(sim.messages(&messages("x")).await.status, 401);
    sim.control("PUT", "/keys", json!({"key": ANTHROPIC, "behaviour": "ok"})).await;
    assert_eq!(sim.messages(&messages("x")).await.status, 200);
}

#[tokio::test]
async fn credentials_and_headers_are_checked_before_the_body() {
    let sim = start().await;
    let uri = || format!("{}/v1/messages", sim.anthropic);
    let version = ("anthropic-version", "2023-06-01");
    let today = ("anthropic-version", "2026-10-21");
    let cases: [Case; 10] = [
        (&[version], 401, "x-api-key header is required"),
        (&[version, ("authorization", "Bearer sk-proj-sim-ok-1")], 401, "Invalid bearer token"),
        (&[version, ("authorization", "Bearer sk-ant-api03-sim-revoked-1")], 401, "Invalid bearer token"),
        (&[version, ("authorization", "Bearer sk-ant-api03-sim-ok-1")], 400, "not valid JSON"),
        (&[today, ("authorization", "Bearer sk-ant-api03-sim-ok-1")], 400, "not valid JSON"),
        (&[today, ("authorization", "Bearer sk-ant-api03-sim-ok-1"), ("x-api-key", "sk-1")], 401, "invalid x-api-key"),
        (&[("anthropic-version", "2026-10-22"), ("x-api-key", ANTHROPIC)], 400, "is not a valid version"),
        (&[("x-api-key", ANTHROPIC)], 400, "anthropic-version: header is required"),
        (&[version, ("x-api-key", ANTHROPIC), ("origin", "https://x.example")], 401, "CORS requests are not allowed"),
        (&[version, ("authorization", "Bearer sk-ant-oat01-sim-ok-1")], 400, "not valid JSON"),
    ];
    for (headers, status, said) in cases {
        let answer = whole(sim.send("POST", uri(), headers, "{".to_owned()).await).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(answer.status == status && text.contains(said), "{} {text}", answer.status);
    }
    let missing =
        whole(sim.send("GET", format!("{}/v1/models", sim.openai), &[("x-api-key", OPENAI)], String::new()).await)
            .await;
    assert_eq!(missing.status, 401);
    let headers = [("authorization", "Bearer sk-wrong-0123456789"), ("x-client-request-id", "mine")];
    let wrong = whole(sim.send("GET", format!("{}/v1/models", sim.openai), &headers, String::new()).await).await;
    let text = String::from_utf8_lossy(&wrong.body).into_owned();
    assert!(text.contains("sk-wrong***") && text.contains("*6789.") && !text.contains("0123456789"));
    let entry = sim.last_entry().await;
    assert_eq!(entry["client_request_id"], "mine");
    assert_eq!(entry["id"].as_str(), wrong.headers["x-request-id"].to_str().ok());
}

/// Calls of every kind without a text: OpenAI's, then Anthropic's.
const UNTEXTED: [&str; 4] = ["/v1/models", "/v1/models/gpt-4o", "/v1/chat/completions", "/v1/models/claude-haiku-4-5"];

#[tokio::test]
async fn a_header_asks_for_trouble_where_there_is_no_text() {
    let sim = start().await;
    for path in UNTEXTED {
        let get = |asked: &'static str| {
            let (at, keys) = if path.contains("claude") { (&sim.anthropic, ANTHROPIC) } else { (&sim.openai, OPENAI) };
            let bearer = format!("Bearer {keys}");
            let (uri, sim) = (format!("{at}{path}"), &sim);
            async move {
                let headers = [("authorization", &*bearer), ("anthropic-version", "2023-06-01"), ("x-sim", asked)];
                sim.send("GET", uri, &headers, String::new()).await
            }
        };
        assert_eq!(get("").await.status(), 200, "{path}");
        let limited = get("[[sim:status code=429]][[sim:retry_after s=3]]").await;
        assert_eq!((limited.status().as_u16(), &limited.headers()["retry-after"]), (429, &"3".parse().expect("3")));
        assert!(!arriving(get("[[sim:cut]]").await).await.1, "{path}");
        drop(get("[[sim:hang]]").await);
        outcome(&sim, "cancelled").await;
    }
}

#[tokio::test]
async fn a_header_asks_for_trouble_beside_a_text() {
    let sim = start().await;
    let headers = [("authorization", &*format!("Bearer {OPENAI}")), ("x-sim", "[[sim:cut after=1]]")];
    let uri = format!("{}/v1/chat/completions", sim.openai);
    let response = sim.send("POST", uri, &headers, streamed("Hello").to_string()).await;
    assert!(!arriving(response).await.1);
}

#[tokio::test]
async fn hanging_up_is_no_answer() {
    let sim = start().await;
    let uri = format!("{}/v1/models", sim.openai).parse().expect("a URI");
    let mut request = http::Request::new(http_body_util::Full::default());
    *request.uri_mut() = uri;
    request.headers_mut().insert("authorization", format!("Bearer {OPENAI}").parse().expect("a header"));
    request.headers_mut().insert("x-sim", "[[sim:hang_up]]".parse().expect("a header"));
    assert!(sim.client.request(request).await.is_err());
    assert_eq!(sim.last_entry().await["outcome"], "failed");
}

#[tokio::test]
async fn two_hundred_streams_run_at_once() {
    let sim = start().await;
    let body = streamed("Hi [[sim:chunks n=10 delay_ms=100]]");
    let ask = || async { whole(sim.ask(Provider::OpenAi, OPENAI, "/v1/chat/completions", &body).await).await };
    let answers = futures_util::future::join_all((0..200).map(|_| ask())).await;
    assert!(answers.iter().all(|answer| answer.events().last().is_some_and(|last| last == "[DONE]")));
    let stats = sim.control("GET", "/stats", Value::Null).await;
    assert_eq!((stats["peak_open"].as_u64(), stats["open"].as_u64()), (Some(200), Some(0)));
}

#[tokio::test]
async fn http_2_works_too() {
    let sim = start().await;
    let mut builder = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new());
    let client = builder.http2_only(true).build_http();
    let sim = Running { client, ..sim };
    assert_eq!(sim.chat(&chat("Hi")).await.status, 200);
    let body = streamed("Hi [[sim:cut after=1]]");
    let response = sim.ask(Provider::OpenAi, OPENAI, "/v1/chat/completions", &body).await;
    assert!(!arriving(response).await.1);
    let body = streamed("Hi [[sim:hang after=1]]");
    let response = sim.ask(Provider::OpenAi, OPENAI, "/v1/chat/completions", &body).await;
    drop(response);
    outcome(&sim, "cancelled").await;
}

//! Keys where they do not belong, numbers that are lies, answers of nothing.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::{ANTHROPIC, Answer, OPENAI, Running, arriving, chat, messages, start, whole, with};
use ownkey_sim::provider::Provider;
use serde_json::{Value, json};

/// The same request to each provider, plain or streamed.
async fn both(sim: &Running, text: &str, stream: bool) -> [(Answer, &'static str); 2] {
    let stream = json!({"stream": stream});
    [
        (sim.chat(&with(chat(text), stream.clone())).await, OPENAI),
        (sim.messages(&with(messages(text), stream)).await, ANTHROPIC),
    ]
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

#[tokio::test]
async fn the_key_is_echoed_in_the_place_that_is_asked_for() {
    let sim = start().await;
    let heads = [("header", ["x-echo"; 2]), ("request_id", ["x-request-id", "request-id"])];
    for (place, names) in heads.into_iter().chain([("www-authenticate", ["www-authenticate"; 2])]) {
        for (status, stream) in [("", false), ("", true), (" status=400", false)] {
            let answers = both(&sim, &format!("Hi [[sim:echo_in where={place}{status}]]"), stream).await;
            for ((answer, key), name) in answers.iter().zip(names) {
                assert_eq!(answer.status, if status.is_empty() { 200 } else { 400 });
                assert!(answer.headers[name].to_str().expect("text").contains(key), "{place}");
            }
        }
    }
    for place in ["model", "tier"] {
        for (status, stream) in [("", false), ("", true), (" status=400", false)] {
            for (answer, key) in both(&sim, &format!("Hi [[sim:echo_in where={place}{status}]]"), stream).await {
                assert_eq!(answer.status, if status.is_empty() { 200 } else { 400 });
                let member = if place == "model" { "model" } else { "service_tier" };
                assert!(text(&answer).contains(&format!("\"{member}\":\"{key}\"")), "{place} {stream}");
            }
        }
    }
}

#[tokio::test]
async fn usage_may_be_a_lie() {
    let sim = start().await;
    let most = u64::MAX.to_string();
    for stream in [false, true] {
        let asked = format!("Hi [[sim:usage input={most} output=7]]");
        let openai = with(chat(&asked), json!({"stream": stream}));
        let include = if stream { json!({"stream_options": {"include_usage": true}}) } else { json!({}) };
        let said = text(&sim.chat(&with(openai, include)).await);
        assert!(said.contains(&format!("\"prompt_tokens\":{most}")) && said.contains("\"completion_tokens\":7"));
        assert_eq!(sim.last_entry().await["usage"]["total_tokens"].as_u64(), Some(u64::MAX));
        let said = text(&sim.messages(&with(messages(&asked), json!({"stream": stream}))).await);
        assert!(said.contains(&format!("\"input_tokens\":{most}")) && said.contains("\"output_tokens\":7"), "{said}");
        assert_eq!(sim.last_entry().await["usage"]["input_tokens"].as_u64(), Some(u64::MAX));
    }
}

#[tokio::test]
async fn an_error_may_be_gzip() {
    let sim = start().await;
    for (answer, key) in both(&sim, "Hi [[sim:gzip_error]]", false).await {
        assert_eq!((answer.status, answer.headers["content-encoding"].as_bytes()), (400, &b"gzip"[..]));
        assert!(!text(&answer).contains("sim-ok"));
        let mut gzip =
            Command::new("gzip").arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("gzip");
        gzip.stdin.take().expect("stdin").write_all(&answer.body).expect("written");
        let done = gzip.wait_with_output().expect("ended");
        assert!(done.status.success());
        let error: Value = serde_json::from_slice(&done.stdout).expect("JSON");
        assert!(error["error"]["message"].as_str().expect("a message").contains(key));
    }
}

#[tokio::test]
async fn an_error_event_may_come_in_pieces() {
    let sim = start().await;
    for stream in [false, true] {
        for (answer, key) in both(&sim, "Hi [[sim:error_split n=7]]", stream).await {
            let said = text(&answer);
            assert!(said.contains("org-Operator1 and project proj_Operator") && said.contains(key), "{said}");
            assert_eq!(answer.status, if stream { 200 } else { 500 });
        }
    }
    let body = with(chat("Hi [[sim:error_split n=7 after=2]]"), json!({"stream": true}));
    let response = sim.ask(Provider::OpenAi, OPENAI, "/v1/chat/completions", &body).await;
    let (got, well) = arriving(response).await;
    assert!(well && got.ends_with(b"\n\n"));
    assert_eq!(sim.last_entry().await["outcome"], "failed");
}

#[tokio::test]
async fn an_answer_may_be_empty() {
    let sim = start().await;
    for code in [200, 204] {
        for (answer, _) in both(&sim, &format!("Hi [[sim:status code={code}]]"), false).await {
            assert_eq!((answer.status, answer.body.len()), (code, 0));
            assert!(answer.headers.get("content-type").is_none());
            assert_eq!(answer.headers.contains_key("content-length"), code == 200);
            let entry = sim.last_entry().await;
            assert_eq!((entry["status"].as_u64(), entry["outcome"].as_str()), (Some(code.into()), Some("complete")));
        }
    }
}

#[tokio::test]
async fn the_version_of_today_takes_no_sampling_parameters() {
    let sim = start().await;
    let bearer = format!("Bearer {ANTHROPIC}");
    let headers = [("authorization", bearer.as_str()), ("anthropic-version", "2026-10-21")];
    let ask = async |body: Value| {
        whole(sim.send("POST", format!("{}/v1/messages", sim.anthropic), &headers, body.to_string()).await).await
    };
    assert_eq!(ask(messages("Hi")).await.status, 200);
    assert_eq!(sim.last_entry().await["key"].as_str(), Some(ANTHROPIC));
    let refused = ask(with(messages("Hi"), json!({"temperature": 1.0}))).await;
    let said = "temperature: Extra inputs are not permitted";
    assert_eq!((refused.status, refused.json()["error"]["message"].as_str()), (400, Some(said)));
    assert_eq!(sim.messages(&with(messages("Hi"), json!({"temperature": 1.0}))).await.status, 200);
}

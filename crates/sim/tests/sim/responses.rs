//! The Responses API and chat completions that are kept.

use crate::schema::{assert_valid, closed};
use crate::support::{Answer, OPENAI, Running, chat, messages, start, whole, with};
use ownkey_sim::provider::Provider;
use serde_json::{Value, json};

async fn post(sim: &Running, path: &str, body: Value) -> Answer {
    whole(sim.ask(Provider::OpenAi, OPENAI, path, &body).await).await
}

async fn call(sim: &Running, method: &str, path: &str) -> Answer {
    let bearer = format!("Bearer {OPENAI}");
    let uri = format!("{}{path}", sim.openai);
    whole(sim.send(method, uri, &[("authorization", &bearer)], String::new()).await).await
}

fn ask(text: &str) -> Value {
    json!({"model": "gpt-4o", "input": text})
}

fn kinds() -> Vec<Value> {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tool = json!({"type": "function", "name": "get", "parameters": schema, "strict": false});
    let later = with(tool.clone(), json!({"defer_loading": true}));
    let turns = json!([{"role": "user", "content": [{"type": "input_text", "text": "weather?"}]},
        {"type": "function_call", "call_id": "call_1", "name": "get", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "föhn"}]);
    vec![
        ask("Hello"),
        with(ask("Hello"), json!({"max_output_tokens": 16})),
        with(ask("the weather"), json!({"tools": [tool], "instructions": "Be brief."})),
        with(ask("search it"), json!({"tools": [{"type": "web_search"}]})),
        with(ask("search the pages"), json!({"tools": [{"type": "web_search"}]})),
        with(ask("search the tools"), json!({"tools": [later, {"type": "tool_search"}]})),
        json!({"model": "gpt-5-pro", "input": turns}),
    ]
}

#[tokio::test]
async fn plain_and_streamed_responses_have_the_published_shape() {
    let sim = start().await;
    let (plain, event) = (closed("openai", "Response"), closed("openai", "ResponseStreamEvent"));
    for body in kinds() {
        let answer = post(&sim, "/v1/responses", body.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
        assert_valid(&plain, &answer.json());
        let streamed = post(&sim, "/v1/responses", with(body, json!({"stream": true}))).await;
        let events: Vec<Value> =
            streamed.events().iter().map(|event| serde_json::from_str(event).expect("JSON")).collect();
        // Before its end a response has no usage: the service sends null there, which its description leaves out.
        let described =
            events.iter().filter(|event| event["response"]["usage"].is_object() || event.get("response").is_none());
        described.for_each(|found| assert_valid(&event, found));
        let numbers: Vec<_> = events.iter().map(|event| event["sequence_number"].as_u64().expect("a number")).collect();
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
        let last = &events[events.len() - 1];
        assert!(["response.completed", "response.incomplete"].contains(&last["type"].as_str().expect("a type")));
        let (a, b) = (&last["response"]["output"], &answer.json()["output"]);
        assert_eq!(a[0]["content"], b[0]["content"]);
        assert_eq!(sim.last_entry().await["usage"], last["response"]["usage"]);
    }
}

#[tokio::test]
async fn what_the_service_refuses_is_refused() {
    let sim = start().await;
    for (path, body, status, said) in [
        ("/v1/responses", json!({"input": "a"}), 400, "'model'"),
        ("/v1/responses", json!({"model": "gpt-4o"}), 400, "'input'"),
        ("/v1/responses", with(ask("a"), json!({"messages": []})), 400, "messages"),
        ("/v1/responses", with(ask("a"), json!({"max_output_tokens": 1})), 400, "max_output_tokens"),
        ("/v1/responses", with(ask("a"), json!({"previous_response_id": "resp_x"})), 400, "resp_x"),
        ("/v1/responses", with(ask("a"), json!({"tools": [{"type": "teleport"}]})), 400, "teleport"),
        ("/v1/responses", with(ask("a"), json!({"model": "text-embedding-3-small"})), 404, "not supported"),
        ("/v1/responses/input_tokens", with(ask("a"), json!({"stream": true})), 400, "stream"),
        ("/v1/responses/compact", json!({"input": "a"}), 400, "'model'"),
        ("/v1/chat/completions/chatcmpl-1", json!({}), 400, "'metadata'"),
        ("/v1/chat/completions/chatcmpl-1", json!({"metadata": {}}), 404, "not found"),
    ] {
        let answer = post(&sim, path, body.clone()).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.json());
        assert!(answer.json()["error"]["message"].as_str().is_some_and(|text| text.contains(said)), "{body}");
    }
    assert_eq!(call(&sim, "GET", "/v1/responses/resp_x").await.status, 404);
    assert_eq!(call(&sim, "PUT", "/v1/responses/resp_x").await.status, 405);
}

/// Which bound is broken, of metadata wherever it is taken, and how that is said.
#[tokio::test]
async fn metadata_has_its_bounds() {
    let sim = start().await;
    let many: Value = (0..17).map(|at| (format!("k{at}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    let most: Value =
        (0..16).map(|at| (format!("{at:064}"), json!("ä".repeat(512)))).collect::<serde_json::Map<_, _>>().into();
    let too_many = "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an \
                    object with 17 properties instead.";
    let too_long = "Invalid 'metadata.k': string too long. Expected a string with maximum length 512, but got a string \
                    with length 513 instead.";
    let name = "n".repeat(65);
    let of_name = format!("metadata.{name}");
    for (metadata, said, code, param) in [
        (&many, too_many, "object_above_max_properties", "metadata"),
        (&json!({"k": "v".repeat(513)}), too_long, "string_above_max_length", "metadata.k"),
        (&json!({"k": 1}), "expected a string, but got an integer", "invalid_type", "metadata.k"),
        (&json!({&name: "v"}), "maximum length 64", "property_name_above_max_length", &of_name),
    ] {
        for (path, body) in [
            ("/v1/chat/completions", with(chat("Hi"), json!({"store": true}))),
            ("/v1/chat/completions/chatcmpl-1", json!({})),
            ("/v1/responses", ask("Hi")),
        ] {
            let answer = post(&sim, path, with(body, json!({"metadata": metadata}))).await;
            let error = &answer.json()["error"];
            assert_eq!(
                (answer.status, error["code"].as_str(), error["param"].as_str()),
                (400, Some(code), Some(param)),
                "{error}"
            );
            assert!(error["message"].as_str().is_some_and(|text| text.contains(said)), "{error}");
        }
    }
    let made = post(&sim, "/v1/responses", with(ask("Hi"), json!({"metadata": most}))).await;
    assert_eq!((made.status, &made.json()["metadata"]), (200, &most));
}

#[tokio::test]
async fn parameters_of_a_query_are_what_the_description_says() {
    let sim = start().await;
    let kept = with(chat("Hi"), json!({"store": true, "metadata": {"a": "b"}}));
    let made = [post(&sim, "/v1/chat/completions", kept.clone()).await, post(&sim, "/v1/chat/completions", kept).await];
    let [first, second] = made.map(|answer| answer.json()["id"].as_str().expect("an id").to_owned());
    let response = post(&sim, "/v1/responses", ask("Hi")).await.json()["id"].as_str().expect("an id").to_owned();
    let (list, messages) = ("/v1/chat/completions".to_owned(), format!("/v1/chat/completions/{first}/messages"));
    let (get, items) = (format!("/v1/responses/{response}"), format!("/v1/responses/{response}/input_items"));
    for (path, query, param, code) in [
        (&list, "limit=ten", "limit", "invalid_type"),
        (&list, "limit=1.5", "limit", "invalid_type"),
        (&list, "order=up", "order", "invalid_value"),
        (&list, "metadata=a", "metadata", "invalid_type"),
        (&messages, "order=", "order", "invalid_value"),
        (&messages, "limit=true", "limit", "invalid_type"),
        (&get, "stream=perhaps", "stream", "invalid_type"),
        (&get, "starting_after=x", "starting_after", "invalid_type"),
        (&get, "include=secrets", "include[0]", "invalid_value"),
        (&get, "include[]=message.output_text.logprobs&include%5B%5D=no", "include[1]", "invalid_value"),
        (&items, "limit=0", "limit", "decimal_below_min_value"),
        (&items, "limit=101", "limit", "integer_above_max_value"),
        (&items, "order=desc&include=x", "include[0]", "invalid_value"),
    ] {
        let answer = call(&sim, "GET", &format!("{path}?{query}")).await;
        let error = &answer.json()["error"];
        assert_eq!(
            (answer.status, error["param"].as_str(), error["code"].as_str()),
            (400, Some(param), Some(code)),
            "{query}: {error}"
        );
    }
    for (path, query) in [
        (&list, "limit=2&order=asc&metadata%5Ba%5D=b&metadata[c]=1"),
        (&list, "model=5&after=x&unknown=1&bare"),
        (&get, "include[]=message.output_text.logprobs&include=reasoning.encrypted_content&include_obfuscation=false"),
        (&items, "limit=100&order=desc"),
    ] {
        assert_eq!(call(&sim, "GET", &format!("{path}?{query}")).await.status, 200, "{query}");
    }
    let ids = |answer: Answer| {
        let page = answer.json();
        page["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    let newest: Vec<String> = ids(call(&sim, "GET", &format!("{list}?order=desc")).await);
    assert_eq!(newest, [second, first]);
}

#[tokio::test]
async fn a_kept_response_is_found_by_its_id() {
    let sim = start().await;
    let made = post(&sim, "/v1/responses", ask("Hello")).await.json();
    let path = format!("/v1/responses/{}", made["id"].as_str().expect("an id"));
    assert_eq!(call(&sim, "GET", &path).await.json(), made);
    let events = call(&sim, "GET", &format!("{path}?stream=true")).await.events();
    // Before its end a response has no usage, as while it was made.
    for event in &events[2..] {
        assert_valid(&closed("openai", "ResponseStreamEvent"), &serde_json::from_str(event).expect("JSON"));
    }
    assert!(events[events.len() - 1].contains("response.completed"));
    for after in [0, 4, events.len() - 2, events.len() - 1, 1_000] {
        let rest = call(&sim, "GET", &format!("{path}?stream=true&starting_after={after}")).await;
        assert_eq!(
            (rest.status, &rest.headers["content-type"]),
            (200, &"text/event-stream; charset=utf-8".parse().expect("a value"))
        );
        assert_eq!(rest.events(), events.get(after + 1..).unwrap_or_default());
    }
    let items = call(&sim, "GET", &format!("{path}/input_items")).await.json();
    assert_valid(&closed("openai", "ResponseItemList"), &items);
    assert_eq!(call(&sim, "POST", &format!("{path}/cancel")).await.status, 400);
    let more = with(ask("More"), json!({"previous_response_id": made["id"]}));
    let next = post(&sim, "/v1/responses", more).await.json();
    assert!(next["usage"]["input_tokens"].as_u64() > made["usage"]["output_tokens"].as_u64());
    assert_eq!(call(&sim, "DELETE", &path).await.json()["deleted"], true);
    assert_eq!(call(&sim, "GET", &path).await.status, 404);
}

#[tokio::test]
async fn what_runs_in_the_background_is_made_step_by_step_and_billed_once() {
    let sim = start().await;
    let queued = post(&sim, "/v1/responses", with(ask("Hello"), json!({"background": true}))).await.json();
    assert_eq!((&queued["status"], queued.get("usage")), (&json!("queued"), None));
    assert_ne!(sim.last_entry().await["cost_usd"], "0");
    let path = format!("/v1/responses/{}", queued["id"].as_str().expect("an id"));
    let shape = closed("openai", "Response");
    let seen = async |method: &str, path: &str| {
        let response = call(&sim, method, path).await.json();
        assert_valid(&shape, &response);
        assert_eq!(sim.last_entry().await["cost_usd"], "0", "billed with the call that made it");
        (response["status"].clone(), response["usage"].is_object(), response["background"] == true)
    };
    assert_eq!(seen("GET", &path).await, (json!("in_progress"), false, true));
    assert_eq!(seen("GET", &path).await, (json!("completed"), true, true));
    assert_eq!(seen("GET", &path).await, (json!("completed"), true, true));
    // What has ended stays as it ended.
    assert_eq!(seen("POST", &format!("{path}/cancel")).await, (json!("completed"), true, true));
}

#[tokio::test]
async fn what_runs_in_the_background_can_be_cancelled_before_its_end() {
    let sim = start().await;
    let queued = post(&sim, "/v1/responses", with(ask("Hello"), json!({"background": true}))).await.json();
    let path = format!("/v1/responses/{}", queued["id"].as_str().expect("an id"));
    for (method, path) in
        [("POST", format!("{path}/cancel")), ("GET", path.clone()), ("POST", format!("{path}/cancel"))]
    {
        let cancelled = call(&sim, method, &path).await.json();
        assert_eq!((&cancelled["status"], &cancelled["usage"]), (&json!("cancelled"), &Value::Null));
    }
    let queued = post(&sim, "/v1/responses", with(ask("Hello"), json!({"background": true}))).await.json();
    let path = format!("/v1/responses/{}", queued["id"].as_str().expect("an id"));
    let events = call(&sim, "GET", &format!("{path}?stream=true")).await.events();
    let last = events.last().expect("events");
    assert!(last.contains("response.completed") && last.contains("input_tokens"));
    assert_eq!(call(&sim, "GET", &path).await.json()["status"], "completed");
}

#[tokio::test]
async fn the_events_of_a_kept_response_are_those_it_was_made_with() {
    let sim = start().await;
    for body in kinds() {
        let made = post(&sim, "/v1/responses", with(body, json!({"stream": true}))).await.events();
        let last: Value = serde_json::from_str(&made[made.len() - 1]).expect("JSON");
        let path = format!("/v1/responses/{}?stream=true", last["response"]["id"].as_str().expect("an id"));
        assert_eq!(call(&sim, "GET", &path).await.events(), made);
        assert_eq!(sim.last_entry().await["cost_usd"], "0");
    }
}

/// Of what searches do, those of the web have a fee: neither the pages that are looked into nor what finds tools.
#[tokio::test]
async fn a_search_of_the_web_has_a_fee_and_nothing_else_has() {
    let sim = start().await;
    let [web, tools] = [json!([{"type": "web_search"}]), json!([{"type": "tool_search"}])];
    let mut fees = Vec::new();
    for (said, tools, items) in [("search it", &web, 2), ("search the pages", &web, 4), ("search it", &tools, 3)] {
        let answer = post(&sim, "/v1/responses", with(ask(said), json!({"tools": tools}))).await.json();
        assert_eq!(answer["output"].as_array().map(Vec::len), Some(items), "{answer}");
        fees.push(sim.last_entry().await["cost_usd"].as_str().expect("a cost").starts_with("0.01"));
    }
    assert_eq!(fees, [true, true, false]);
    let tools = json!([{"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}]);
    let answer = sim.messages(&with(messages("search it"), json!({"tools": tools}))).await.json();
    assert_eq!(answer["usage"]["server_tool_use"]["tool_search_requests"], 1, "{answer}");
    let entry = sim.last_entry().await;
    assert!(entry["cost_usd"].as_str().is_some_and(|cost| cost.starts_with("0.00")), "{entry}");
}

#[tokio::test]
async fn counting_and_compacting_have_the_published_shape() {
    let sim = start().await;
    let counted = post(&sim, "/v1/responses/input_tokens", ask("Hello")).await.json();
    assert_valid(&closed("openai", "TokenCountsResource"), &counted);
    let compacted = post(&sim, "/v1/responses/compact", ask("Hello")).await.json();
    assert_valid(&closed("openai", "CompactResource"), &compacted);
}

#[tokio::test]
async fn kept_completions_are_found_by_id() {
    let sim = start().await;
    let kept = with(chat("Hello"), json!({"store": true, "metadata": {"a": "b"}}));
    let made = sim.chat(&kept).await.json();
    let path = format!("/v1/chat/completions/{}", made["id"].as_str().expect("an id"));
    let found = call(&sim, "GET", &path).await.json();
    assert_valid(&closed("openai", "CreateChatCompletionResponse"), &found);
    assert_eq!(found, made);
    let changed = post(&sim, &path, json!({"metadata": {"c": "d"}})).await.json();
    assert_eq!(changed["metadata"], json!({"c": "d"}));
    let list = call(&sim, "GET", "/v1/chat/completions?model=gpt-4o").await.json();
    assert_valid(&closed("openai", "ChatCompletionList"), &list);
    assert_eq!(list["data"][0]["id"], made["id"]);
    let messages = call(&sim, "GET", &format!("{path}/messages")).await.json();
    assert_eq!(messages["data"][0]["content"], "Hello");
    assert_valid(&closed("openai", "ChatCompletionDeleted"), &call(&sim, "DELETE", &path).await.json());
    assert_eq!(call(&sim, "GET", &path).await.status, 404);
}

#[tokio::test]
async fn what_codex_sends_beyond_the_description_is_taken() {
    let sim = start().await;
    let parameters = json!({"type": "object", "properties": {"cmd": {"type": "string"}}, "required": ["cmd"]});
    let function = json!({"type": "function", "name": "run", "strict": false, "parameters": parameters});
    let body = json!({"model": "gpt-5.5", "client_metadata": {"turn": "1"},
        "input": [{"type": "message", "id": "msg_1", "role": "user", "content": [{"type": "input_text", "text": "[[sim:tool]]"}]}],
        "tools": [{"type": "namespace", "name": "team", "description": "x", "tools": [function]}, function]});
    let answer = post(&sim, "/v1/responses", body.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    let call = &answer.json()["output"][0];
    assert_eq!((&call["name"], &call["arguments"]), (&json!("run"), &json!(r#"{"cmd":"Zürich"}"#)));
    let search = json!([{"type": "web_search", "search_content_types": ["text"]}]);
    assert_eq!(post(&sim, "/v1/responses", with(body.clone(), json!({"tools": search}))).await.status, 200);
    // Those members, of those types, in those places, and nothing like them.
    for odd in [
        json!({"client_metadata": {"turn": 1}}),
        json!({"client_metadata": "turn"}),
        json!({"server_metadata": {}}),
        json!({"input": [{"role": "user", "content": "Hi", "id": 1}]}),
        json!({"input": [{"role": "user", "content": "Hi", "name": "ada"}]}),
        json!({"tools": [{"type": "web_search", "search_content_types": "text"}]}),
        json!({"tools": [{"type": "web_search", "search_types": ["text"]}]}),
        json!({"tools": [{"type": "function", "name": "run"}]}),
        json!({"tools": [{"type": "namespace", "name": "team", "tools": [function]}]}),
    ] {
        let refused = post(&sim, "/v1/responses", with(body.clone(), odd.clone())).await;
        assert_eq!(refused.status, 400, "{odd}");
    }
    let elsewhere = with(chat("Hi"), json!({"client_metadata": {"turn": "1"}}));
    assert_eq!(sim.chat(&elsewhere).await.status, 400);
    let elsewhere = with(ask("Hi"), json!({"client_metadata": {"turn": "1"}}));
    assert_eq!(post(&sim, "/v1/responses/input_tokens", elsewhere).await.status, 400);
}

//! What a response that was made in the background used is told by whoever shows it, and set apart.

use ownkey_domain::usage::Measured;
use ownkey_providers::answer::{AnswerMeter, Billing, Served, Stored};
use ownkey_providers::fuzzing::routes;
use ownkey_providers::route::Verb;
use ownkey_providers::stream::{StreamMeter, Terminal};
use serde_json::{Value, json};

fn response(more: Value) -> Value {
    let mut response = json!({
        "id": "resp_1", "object": "response", "status": "completed", "background": true, "model": "gpt-5",
        "output": [{"type": "message"}], "usage": {"input_tokens": 7, "output_tokens": 5},
    });
    response.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    response
}

fn plain(verb: Verb, template: &str, answer: &Value) -> Served {
    let route = routes().find(|route| (route.verb, route.template) == (verb, template)).unwrap();
    let mut meter = AnswerMeter::new(route);
    meter.feed(answer.to_string().as_bytes());
    meter.finish()
}

#[test]
fn it_is_told_once_it_is_over() {
    for (verb, template) in [(Verb::Get, "/v1/responses/{id}"), (Verb::Post, "/v1/responses/{id}/cancel")] {
        let told = plain(verb, template, &response(json!({})));
        assert_eq!((told.is_deferred, told.measured, told.billing), (true, Measured::Measured, Billing::ByUsage));
        assert_eq!(json!(told.usage), json!({"input": 7, "output": 5}));
        let searched = response(json!({"status": "incomplete", "output": [{"type": "web_search_call"}]}));
        let told = plain(verb, template, &searched);
        assert_eq!((told.is_deferred, told.billing), (true, Billing::BeyondUsage));
        for other in [
            json!({"background": false}),
            json!({"background": null}),
            json!({"status": "in_progress"}),
            json!({"status": "queued"}),
            json!({"status": null}),
            json!({"status": "cancelled", "usage": null}),
        ] {
            let told = plain(verb, template, &response(other.clone()));
            assert_eq!((told.is_deferred, told.billing), (false, Billing::Nothing), "{other}");
            assert!(told.usage.is_empty() && told.stored.is_none(), "{other}");
        }
    }
    let items = plain(Verb::Get, "/v1/responses/{id}/input_items", &response(json!({})));
    assert!(!items.is_deferred && items.usage.is_empty());
}

#[test]
fn a_stream_that_shows_it_again_tells_it_too() {
    let route = routes().find(|route| (route.verb, route.template) == (Verb::Get, "/v1/responses/{id}")).unwrap();
    let begun = response(json!({"status": "in_progress", "output": [], "usage": null}));
    let events = [("response.created", begun), ("response.completed", response(json!({})))];
    let event = |(kind, response): &(&str, Value)| {
        format!("event: {kind}\ndata: {}\n\n", json!({"type": kind, "response": response}))
    };
    let (first, last) = (event(&events[0]), event(&events[1]));
    let mut meter = StreamMeter::new(route, 1);
    meter.feed(first.as_bytes());
    let cut = meter.finish().served;
    assert!(!cut.is_deferred && cut.usage.is_empty());
    let mut meter = StreamMeter::new(route, 1);
    meter.feed((first + &last).as_bytes());
    let facts = meter.finish();
    assert_eq!(facts.terminal, Some(Terminal::Complete));
    assert!(facts.served.is_deferred && !facts.served.usage.is_empty());
}

#[test]
fn the_call_that_makes_a_response_tells_how_it_is_kept() {
    let made = |more: Value| plain(Verb::Post, "/v1/responses", &response(more));
    assert_eq!(made(json!({"background": false})).stored, Some(Stored::InForeground));
    assert_eq!(made(json!({"store": false, "background": false})).stored, None);
    for (status, is_over) in [("queued", false), ("in_progress", false), ("completed", true), ("failed", true)] {
        let made = made(json!({"status": status}));
        assert_eq!((made.stored, made.is_deferred), (Some(Stored::InBackground { is_over }), false), "{status}");
    }
}

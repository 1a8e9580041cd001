//! Speech, transcriptions and images.

use crate::schema::{assert_valid, closed};
use crate::support::{Answer, OPENAI, Running, start, whole};
use ownkey_sim::provider::Provider;
use serde_json::{Value, json};

async fn post(sim: &Running, path: &str, body: Value) -> Answer {
    whole(sim.ask(Provider::OpenAi, OPENAI, path, &body).await).await
}

/// A form; a value that begins with `@` is a file of so many bytes.
async fn form(sim: &Running, path: &str, fields: &[(&str, &str)]) -> Answer {
    let part = |(name, value): &(&str, &str)| match value.strip_prefix('@') {
        Some(size) => {
            let content = "x".repeat(size.parse().expect("a size"));
            format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.wav\"\r\n\r\n{content}\r\n")
        }
        None => format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"),
    };
    let body: String = fields.iter().map(part).chain(["--B--\r\n".to_owned()]).collect();
    let bearer = format!("Bearer {OPENAI}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/form-data; boundary=B")];
    whole(sim.send("POST", format!("{}{path}", sim.openai), &headers, body).await).await
}

fn events(answer: &Answer) -> Vec<Value> {
    answer.events().iter().map(|event| serde_json::from_str(event).expect("JSON")).collect()
}

#[tokio::test]
async fn speech_is_sound_or_events() {
    let sim = start().await;
    let body = json!({"model": "tts-1", "input": "Hello", "voice": "alloy"});
    let sound = post(&sim, "/v1/audio/speech", body).await;
    assert_eq!((sound.status, &sound.headers["content-type"]), (200, &http::HeaderValue::from_static("audio/mpeg")));
    assert!(std::str::from_utf8(&sound.body).is_err());
    // Five characters at 15 USD a million.
    assert_eq!(sim.last_entry().await["cost_usd"], "0.000075");
    let body = json!({"model": "gpt-4o-mini-tts", "input": "Hello", "voice": "alloy", "stream_format": "sse"});
    let events = events(&post(&sim, "/v1/audio/speech", body).await);
    let schema = closed("openai", "CreateSpeechResponseStreamEvent");
    events.iter().for_each(|event| assert_valid(&schema, event));
    assert_eq!(events[events.len() - 1]["usage"], json!({"input_tokens": 2, "output_tokens": 4, "total_tokens": 6}));
    // 0.60 USD in and 12 USD out a million.
    assert_eq!(sim.last_entry().await["cost_usd"], "0.0000492");
}

#[tokio::test]
async fn transcriptions_tell_tokens_or_seconds() {
    let sim = start().await;
    let path = "/v1/audio/transcriptions";
    let plain = closed("openai", "CreateTranscriptionResponseJson");
    let tokens = form(&sim, path, &[("model", "gpt-4o-transcribe"), ("file", "@40000")]).await.json();
    assert_valid(&plain, &tokens);
    assert_eq!(tokens["usage"]["input_token_details"]["audio_tokens"], 30);
    let seconds = form(&sim, path, &[("model", "whisper-1"), ("file", "@40000")]).await.json();
    assert_valid(&plain, &seconds);
    assert_eq!(seconds["usage"], json!({"type": "duration", "seconds": 3}));
    assert_eq!(sim.last_entry().await["cost_usd"], "0.0003");
    let streamed = form(&sim, path, &[("model", "gpt-4o-transcribe"), ("file", "@9"), ("stream", "true")]).await;
    let schema = closed("openai", "CreateTranscriptionResponseStreamEvent");
    events(&streamed).iter().for_each(|event| assert_valid(&schema, event));
    let text = form(&sim, path, &[("model", "whisper-1"), ("file", "@9"), ("response_format", "srt")]).await;
    assert!(text.headers["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/plain")));
    let translated = form(&sim, "/v1/audio/translations", &[("model", "whisper-1"), ("file", "@9")]).await.json();
    assert_valid(&closed("openai", "CreateTranslationResponseJson"), &translated);
    let verbose = [("model", "whisper-1"), ("file", "@40000"), ("response_format", "verbose_json")];
    let verbose = form(&sim, "/v1/audio/translations", &verbose).await.json();
    assert_eq!((&verbose["duration"], &verbose["usage"]), (&json!(2.5), &Value::Null));
    assert_eq!(sim.last_entry().await["cost_usd"], "0.0003");
}

#[tokio::test]
async fn images_are_whole_or_come_piece_by_piece() {
    let sim = start().await;
    let body = json!({"model": "gpt-image-1", "prompt": "A cat", "n": 2});
    let drawn = post(&sim, "/v1/images/generations", body).await.json();
    assert_valid(&closed("openai", "ImagesResponse"), &drawn);
    assert_eq!(drawn["usage"]["output_tokens_details"], json!({"image_tokens": 200, "text_tokens": 0}));
    let body = json!({"model": "gpt-image-1", "prompt": "A cat", "stream": true, "partial_images": 2});
    let streamed = events(&post(&sim, "/v1/images/generations", body).await);
    let schema = closed("openai", "ImageGenStreamEvent");
    streamed.iter().for_each(|event| assert_valid(&schema, event));
    assert_eq!(streamed.len(), 3);
    let fields =
        [("model", "gpt-image-1"), ("prompt", "A cat"), ("image[]", "@9"), ("image[]", "@9"), ("stream", "true")];
    let edited = events(&form(&sim, "/v1/images/edits", &fields).await);
    let schema = closed("openai", "ImageEditStreamEvent");
    edited.iter().for_each(|event| assert_valid(&schema, event));
    assert_eq!(edited[0]["usage"]["input_tokens_details"]["image_tokens"], 80);
    let varied = form(&sim, "/v1/images/variations", &[("image", "@9"), ("n", "2")]).await.json();
    assert_valid(&closed("openai", "ImagesResponse"), &varied);
    // What images cost is not known here.
    assert_eq!(sim.last_entry().await["cost_usd"], Value::Null);
}

#[tokio::test]
async fn what_the_service_refuses_is_refused() {
    let sim = start().await;
    let speech = |more: Value| {
        let mut body = json!({"model": "tts-1", "input": "a", "voice": "alloy"});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    for (path, body, said) in [
        ("/v1/audio/speech", speech(json!({"stream_format": "sse"})), "sse"),
        ("/v1/audio/speech", speech(json!({"speed": 9})), "speed"),
        ("/v1/audio/speech", speech(json!({"x": 1})), "x"),
        ("/v1/images/generations", json!({"model": "gpt-image-1"}), "'prompt'"),
        ("/v1/audio/transcriptions", json!({"model": "whisper-1"}), "multipart"),
    ] {
        let answer = post(&sim, path, body.clone()).await;
        assert_eq!(answer.status, 400, "{path} {body}");
        assert!(answer.json()["error"]["message"].as_str().is_some_and(|text| text.contains(said)), "{body}");
    }
    let path = "/v1/audio/transcriptions";
    for (fields, said) in [
        (&[("model", "whisper-1")][..], "'file'"),
        (&[("model", "whisper-1"), ("file", "@9"), ("x", "1")], "x"),
        (&[("model", "gpt-4o-transcribe"), ("file", "@9"), ("response_format", "srt")], "srt"),
    ] {
        let answer = form(&sim, path, fields).await;
        assert_eq!(answer.status, 400);
        assert!(answer.json()["error"]["message"].as_str().is_some_and(|text| text.contains(said)), "{said}");
    }
    assert_eq!(
        form(&sim, "/v1/audio/translations", &[("model", "gpt-4o-transcribe"), ("file", "@9")]).await.status,
        404
    );
}

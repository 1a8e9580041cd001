use super::*;
use axum::response::IntoResponse;
use bytes::Bytes;
use futures_util::{StreamExt, stream};

async fn body(text: &str, kind: &str) -> Result<JsonBody, Problem> {
    let request = Request::builder().header(CONTENT_TYPE, kind).body(Body::from(text.to_owned())).unwrap();
    JsonBody::from_request(request, &()).await
}

async fn text_of(problem: Problem) -> (u16, String) {
    let response = problem.into_response();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn members_are_taken_by_name() {
    let body = body(r#"{"name":"a","limit":null,"n":3}"#, "application/json; charset=utf-8").await.unwrap();
    let mut members = body.members().unwrap();
    assert_eq!(members.required::<String>("name", "text").unwrap(), "a");
    assert_eq!(members.nullable::<u32>("limit", "a number").unwrap(), Some(None));
    assert_eq!(members.nullable::<u32>("other", "a number").unwrap(), None);
    assert_eq!(members.optional::<u32>("n", "a number").unwrap(), Some(3));
    members.finish().unwrap();
}

#[tokio::test]
async fn no_error_repeats_the_body() {
    let secret = "sk-ant-api03-SECRET";
    for text in [
        format!(r#"{{"{secret}":1}}"#),
        format!(r#"{{"n":"{secret}"}}"#),
        format!(r#"{{"n":{{"{secret}":1}}}}"#),
        format!(r#"{{"n":1,"n":"{secret}"}}"#),
        format!(r#""{secret}""#),
        format!(r#"{{"n":1}} {secret}"#),
        secret.to_owned(),
        format!(r#"{{"name":"{secret}\u0001"#),
    ] {
        let body = body(&text, "application/json").await.unwrap();
        let outcome = body.members().and_then(|mut members| {
            members.required::<u32>("n", "a number")?;
            members.finish()
        });
        let (status, answer) = text_of(outcome.unwrap_err()).await;
        assert_eq!(status, 400, "{text}");
        assert!(!answer.contains("SECRET"), "{answer}");
    }
}

#[tokio::test]
async fn size_and_type_are_bounded() {
    let large = format!(r#"{{"n":"{}"}}"#, "x".repeat(BODY_BYTES_MAX));
    assert_eq!(text_of(body(&large, "application/json").await.err().unwrap()).await.0, 413);
    assert_eq!(text_of(body("{}", "text/plain").await.err().unwrap()).await.0, 415);
    assert!(body("", "text/plain").await.unwrap().members().unwrap().finish().is_ok());
}

#[tokio::test]
async fn a_body_that_stops_or_drips_ends() {
    let (soon, never) = (Duration::from_millis(20), Duration::from_secs(3600));
    let first = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"{")) });
    let stops = Body::from_stream(first.chain(stream::pending()));
    assert_eq!(text_of(read(stops, (soon, never)).await.unwrap_err()).await.0, 408);
    let drips = stream::unfold((), async |()| {
        tokio::task::yield_now().await;
        Some((Ok::<_, std::io::Error>(Bytes::new()), ()))
    });
    assert_eq!(text_of(read(Body::from_stream(drips), (never, soon)).await.unwrap_err()).await.0, 408);
}

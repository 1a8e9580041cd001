use std::future::ready;

use super::*;

type Pairs<'a> = &'a [(&'static str, &'a str)];

const PAGE: &str = "https://app.example.com";

/// What a call with these headers is answered, where whoever answers would say "answered".
async fn ask(method: Method, headers: Pairs<'_>) -> Response<Body> {
    let cors = Cors::new(vec!["http://localhost:3000".parse().unwrap(), PAGE.parse().unwrap()]);
    let request = Request::builder().method(method).uri("/v1/models");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answered = |_| {
        let response = Response::builder().status(StatusCode::IM_A_TEAPOT).header(VARY, "accept-language");
        let response = response.header("x-ownkey-error", "a").header("retry-after", "1").header("x-else", "b");
        let response = response.header("anthropic-ratelimit-tokens-remaining", "1");
        ready(response.body(full("answered")).unwrap())
    };
    cors.around(Box::new(request.body(()).unwrap()), answered).await
}

fn values<'a>(response: &'a Response<Body>, name: &str) -> Vec<&'a str> {
    response.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn a_page_that_may_call_is_told_so_and_may_send_any_header_by_name() {
    let asked = "authorization,X-Stainless-Lang , in valid, x-ownkey-agent";
    let headers =
        [("origin", PAGE), ("access-control-request-method", "POST"), ("access-control-request-headers", asked)];
    let response = ask(Method::OPTIONS, &headers).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(values(&response, "access-control-allow-origin"), [PAGE]);
    assert_eq!(values(&response, "access-control-allow-headers"), ["authorization, x-stainless-lang, x-ownkey-agent"]);
    assert_eq!(values(&response, "access-control-allow-methods"), ["GET, HEAD, POST, DELETE"]);
    assert_eq!(values(&response, "access-control-max-age"), ["600"]);
    assert!(values(&response, "vary")[0].contains("access-control-request-headers"));
    assert!(values(&response, "access-control-allow-credentials").is_empty());
    let response = ask(Method::OPTIONS, &headers[..2]).await;
    assert!(values(&response, "access-control-allow-headers").is_empty());
}

#[tokio::test]
async fn answers_are_shown_to_it_with_the_headers_for_callers() {
    for method in [Method::POST, Method::OPTIONS] {
        let response = ask(method, &[("origin", PAGE)]).await;
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
        assert_eq!(values(&response, "access-control-allow-origin"), [PAGE]);
        assert_eq!(values(&response, "vary"), ["accept-language", "origin"]);
        let exposed = values(&response, "access-control-expose-headers");
        let mut exposed: Vec<_> = exposed[0].split(", ").collect();
        exposed.sort_unstable();
        assert_eq!(exposed, ["anthropic-ratelimit-tokens-remaining", "retry-after", "x-ownkey-error"]);
    }
}

#[tokio::test]
async fn others_notice_nothing() {
    let ask_whether = ("access-control-request-method", "POST");
    for headers in [
        &[ask_whether][..],
        &[("origin", "https://app.example.com.evil.test"), ask_whether],
        &[("origin", "http://app.example.com"), ask_whether],
        &[("origin", "null"), ask_whether],
        &[("origin", PAGE), ("origin", PAGE), ask_whether],
    ] {
        let response = ask(Method::OPTIONS, headers).await;
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT, "{headers:?}");
        assert_eq!(values(&response, "vary"), ["accept-language"]);
        assert!(!response.headers().keys().any(|name| name.as_str().starts_with("access-control-")), "{headers:?}");
    }
}

use http::Request;
use http_body_util::BodyExt;

use super::*;

fn ask(path: &str, accepted: &str) -> Response<Body> {
    let request = Request::get(path).header(ACCEPT_ENCODING, accepted).body(()).unwrap();
    Page::new(r#"<script>"A&B'"#).answer(&request.into_parts().0)
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

fn header(response: &Response<Body>, name: HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[test]
fn its_routes_are_its_own_and_no_others() {
    for path in ["/", "/login", "/setup", "/w/current", "/w/ws_1/settings/who-pays", "/assets/index-1.js"] {
        assert!(serves(&Method::GET, path) && serves(&Method::HEAD, path), "{path}");
        assert!(!serves(&Method::POST, path), "{path}");
    }
    for path in ["/api/v1/plans", "/healthz", "/readyz", "/metrics", "/v1/models", "/wrong", "/loginx"] {
        assert!(!serves(&Method::GET, path), "{path}");
    }
}

#[test]
fn people_who_are_lost_get_the_page_and_programs_the_api() {
    let lost = |method: Method, path: &str, accepted: &'static str| {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accepted))]);
        is_lost(&method, path, &headers)
    };
    let browser = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
    assert!(lost(Method::GET, "/nowhere", browser) && lost(Method::GET, "/loginx/y", browser));
    assert!(!lost(Method::GET, "/nowhere", "*/*") && !lost(Method::POST, "/nowhere", browser));
    for path in ["/api/v1/nowhere", "/v1/nowhere", "/metrics", "/openai/v1/x"] {
        assert!(!lost(Method::GET, path, browser), "{path}");
    }
    assert_eq!(Page::new("Celune").nothing_here().status(), StatusCode::NOT_FOUND);
}

/// With a build of the dashboard and without.
#[tokio::test]
async fn the_page_is_served_afresh_or_says_how_to_build_it() {
    let page = ask("/w/current/usage", "br");
    assert_eq!((page.status(), header(&page, CACHE_CONTROL)), (StatusCode::OK, "no-store"));
    assert_eq!(header(&page, X_CONTENT_TYPE_OPTIONS), "nosniff");
    let policy = header(&page, CONTENT_SECURITY_POLICY).to_owned();
    let body = text(page).await;
    if Built::get(PAGE).is_none() {
        assert!(body.contains("make build"), "{body}");
        return;
    }
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    assert!(body.contains(&format!("nonce=\"{nonce}\"")) && !body.contains(NONCE), "{policy} {body}");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(body.contains("<title>&#60;script&#62;&#34;A&#38;B&#39;</title>") && !body.contains(PRODUCT), "{body}");
    assert_ne!(header(&ask("/", ""), CONTENT_SECURITY_POLICY), policy);
    for script in body.split("<script").skip(1) {
        assert!(script.split('>').next().unwrap().contains("src=\"/assets/"), "{script}");
    }
}

#[tokio::test]
async fn assets_are_packed_as_the_browser_likes_them_and_kept() {
    let Some(name) = Built::iter().find(|name| name.starts_with("assets/index-") && name.ends_with(".js")) else {
        return;
    };
    let path = format!("/{name}");
    for (accepted, coding) in [("gzip, br", "br"), ("gzip;q=1.0", "gzip"), ("br;q=0, gzip;q=0.0", ""), ("", "")] {
        let asset = ask(&path, accepted);
        assert_eq!((asset.status(), header(&asset, CONTENT_ENCODING)), (StatusCode::OK, coding), "{accepted}");
        assert_eq!(header(&asset, CONTENT_TYPE), "text/javascript; charset=utf-8");
        assert!(header(&asset, CACHE_CONTROL).ends_with("immutable") && header(&asset, VARY) == "accept-encoding");
    }
    for path in ["/assets/nothing.js", "/assets/../index.html", "/assets/%2e%2e/index.html", "/assets/"] {
        assert_eq!(ask(path, "").status(), StatusCode::NOT_FOUND, "{path}");
    }
}

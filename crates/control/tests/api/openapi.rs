//! The description is made from the handlers, so it can be compared with the table of rights.

use std::collections::BTreeSet;

use ownkey_control::rights::TABLE;

use crate::app::App;

#[tokio::test]
async fn routes_rights_and_description_agree() {
    let app = App::new().await;
    let reply = app.get("/api/openapi.json", "").await.is(200);
    assert!(reply.body["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut described = BTreeSet::new();
    for (path, item) in reply.body["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            described.insert((method.to_uppercase(), path.clone()));
            assert!(operation["responses"].as_object().is_some_and(|r| !r.is_empty()), "{method} {path}");
            assert!(operation["summary"].is_string(), "{method} {path}");
        }
    }
    let rights: BTreeSet<_> =
        TABLE.iter().map(|right| (right.verb.as_str().to_owned(), right.path.to_owned())).collect();
    assert_eq!(described, rights);
}

#[tokio::test]
async fn every_schema_that_is_named_is_there() {
    let app = App::new().await;
    let document = app.get("/api/openapi.json", "").await.is(200);
    let schemas = document.body["components"]["schemas"].as_object().unwrap();
    for part in document.text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
    for name in ["Workspace", "ProviderKey", "Verdict", "ApiKey", "NewApiKey", "Receipt", "Policy", "Problem"] {
        assert!(schemas.contains_key(name), "{name}: {:?}", schemas.keys());
    }
}

/// The dashboard's client is made from its own copy. `WRITE_OPENAPI=1` writes it; then `npm run api` in dashboard.
#[tokio::test]
async fn the_dashboard_knows_the_api_as_it_is() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dashboard/src/api/openapi.json");
    let now = App::new().await.get("/api/openapi.json", "").await.is(200).body;
    if std::env::var_os("WRITE_OPENAPI").is_some() {
        std::fs::write(path, format!("{now:#}\n")).unwrap();
    }
    let copy: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(copy == now, "run this test with WRITE_OPENAPI=1, then `npm run api` in dashboard");
}

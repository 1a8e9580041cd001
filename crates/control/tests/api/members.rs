use ownkey_domain::person::Role;
use serde_json::{Value, json};

use crate::app::{App, OPERATOR};
use crate::people::{Browser, PASSWORD, token_of};

const HERE: &str = "/api/v1/workspaces/current/members";

#[tokio::test]
async fn invited_by_link() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let mut dana = app.member(&tenant.id, "dana@example.com", Role::Owner).await;
    let asked = json!({"mail": "Eli@Example.com ", "role": "admin"});
    let made = dana.send(&app, "POST", HERE, asked).await.is(201).body;
    assert!(made["link"].as_str().unwrap().starts_with("https://keys.example.com/invite#"));
    let token = token_of(&made["link"]);
    let mut eli = Browser::default();
    let seen = eli.send(&app, "POST", "/api/v1/links/look", json!({"token": token})).await.is(200).body;
    let told = ["kind", "mail", "role", "workspace", "has_account"].map(|name| seen[name].clone());
    assert_eq!(told, [json!("invite"), json!("eli@example.com"), json!("admin"), json!("Acme"), json!(false)]);
    let accept = json!({"token": token, "name": "Eli", "password": PASSWORD});
    let session = eli.send(&app, "POST", "/api/v1/invites/accept", accept.clone()).await.is(200).body;
    assert_eq!(session["workspaces"][0]["role"], "admin");
    Browser::default().send(&app, "POST", "/api/v1/invites/accept", accept).await.problem(410, "link_used");
    dana.send(&app, "POST", HERE, json!({"mail": "eli@example.com", "role": "owner"})).await.problem(409, "conflict");
    for bad in [json!({"mail": "eli", "role": "admin"}), json!({"mail": "e@x.y", "role": "operator"}), json!({})] {
        dana.send(&app, "POST", HERE, bad).await.problem(400, "bad_request");
    }
    let log = app.log(&tenant.id).await;
    assert_eq!(log[0], (eli.user, "member.join".to_owned()));
    assert_eq!(log[1], (dana.user, "member.invite".to_owned()));
}

#[tokio::test]
async fn open_invitations_are_the_owners_to_see_and_to_cancel() {
    let app = App::new().await;
    let (tenant, other) = (app.tenant().await, app.tenant().await);
    let mut dana = app.member(&tenant.id, "dana@example.com", Role::Owner).await;
    let token = app.invite(&tenant.id, "eli@example.com", Role::Admin).await;
    app.invite(&other.id, "gus@example.com", Role::Member).await;
    let path = "/api/v1/workspaces/current/invitations";
    let open = dana.get(&app, path).await.is(200);
    assert!(!open.text.contains(&token));
    let [one] = open.body["data"].as_array().unwrap().as_slice() else { panic!("{}", open.text) };
    assert_eq!((&one["mail"], &one["role"]), (&json!("eli@example.com"), &json!("admin")));
    let id = format!("{path}/{}", one["id"].as_str().unwrap());
    let mut ada = app.member(&tenant.id, "ada@example.com", Role::Admin).await;
    ada.get(&app, path).await.problem(403, "forbidden");
    ada.send(&app, "DELETE", &id, Value::Null).await.problem(403, "forbidden");
    let theirs = app.get(&format!("/api/v1/workspaces/{}/invitations", other.id), OPERATOR).await.is(200).body;
    let theirs = format!("{path}/{}", theirs["data"][0]["id"].as_str().unwrap());
    dana.send(&app, "DELETE", &theirs, Value::Null).await.problem(404, "not_found");
    dana.send(&app, "DELETE", &format!("{path}/inv_x"), Value::Null).await.problem(404, "not_found");
    dana.send(&app, "DELETE", &id, Value::Null).await.is(204);
    dana.send(&app, "DELETE", &id, Value::Null).await.problem(404, "not_found");
    let accept = json!({"token": token, "name": "Eli", "password": PASSWORD});
    Browser::default().send(&app, "POST", "/api/v1/invites/accept", accept).await.problem(404, "not_found");
    assert_eq!(app.log(&tenant.id).await[0], (dana.user, "member.invite_cancel".to_owned()));
}

#[tokio::test]
async fn who_has_an_account_proves_it() {
    let app = App::new().await;
    let (one, other) = (app.tenant().await, app.tenant().await);
    let mut eli = app.member(&one.id, "eli@example.com", Role::Member).await;
    let token = app.invite(&other.id, "eli@example.com", Role::Owner).await;
    let accept = |password: &str| json!({"token": token, "name": "Mallory", "password": password});
    let mut browser = Browser::default();
    let wrong = browser.send(&app, "POST", "/api/v1/invites/accept", accept("another password")).await;
    wrong.problem(401, "wrong_login");
    let session = browser.send(&app, "POST", "/api/v1/invites/accept", accept(PASSWORD)).await.is(200).body;
    assert_eq!(
        (session["workspaces"].as_array().unwrap().len(), &session["user"]["name"]),
        (2, &json!("eli@example.com"))
    );
    // He is more than he was: what he held before does not count.
    eli.get(&app, "/api/v1/session").await.problem(401, "unauthorized");
    browser.get(&app, "/api/v1/workspaces/current/policy").await.problem(404, "not_found");
    browser.get(&app, &format!("/api/v1/workspaces/{}/policy", one.id)).await.is(200);
}

#[tokio::test]
async fn others_see_names_only() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    app.member(&tenant.id, "dana@example.com", Role::Owner).await;
    let (owner, _) = Browser::login(&app, "dana@example.com", PASSWORD).await;
    for (role, mail) in [(Role::Viewer, "v@x.y"), (Role::Member, "m@x.y"), (Role::Admin, "a@x.y")] {
        let mut browser = app.member(&tenant.id, mail, role).await;
        let list = browser.get(&app, HERE).await.is(200).body;
        for one in list["data"].as_array().unwrap() {
            assert!(one["name"].is_string() && one["role"].is_string());
            assert_eq!(one["mail"].is_string(), one["you"] == true, "{role:?} {one}");
        }
        let danas = format!("{HERE}/{}", owner.user);
        assert_eq!(browser.get(&app, &danas).await.is(200).body["mail"], Value::Null);
    }
    for list in [
        owner.clone().get(&app, HERE).await,
        app.get(&format!("/api/v1/workspaces/{}/members", tenant.id), OPERATOR).await,
    ] {
        let list = list.is(200).body;
        assert!(
            list["data"]
                .as_array()
                .unwrap()
                .iter()
                .all(|one| one["mail"].is_string() && one["last_seen_at"].is_string())
        );
    }
}

#[tokio::test]
async fn roles_change_and_somebody_stays_owner() {
    let app = App::new().await;
    let tenant = app.tenant().await;
    let mut dana = app.member(&tenant.id, "dana@example.com", Role::Owner).await;
    let mut eli = app.member(&tenant.id, "eli@example.com", Role::Viewer).await;
    let (danas, elis) = (format!("{HERE}/{}", dana.user), format!("{HERE}/{}", eli.user));
    let be = |role: &str| json!({"role": role});
    eli.send(&app, "PATCH", &elis, be("owner")).await.problem(403, "forbidden");
    eli.send(&app, "DELETE", &danas, Value::Null).await.problem(403, "forbidden");
    dana.send(&app, "PATCH", &danas, be("viewer")).await.problem(409, "conflict");
    dana.send(&app, "DELETE", &danas, Value::Null).await.problem(409, "conflict");
    assert_eq!(dana.send(&app, "PATCH", &elis, be("owner")).await.is(200).body["role"], "owner");
    // He signs in anew with what he is now.
    eli.get(&app, "/api/v1/session").await.problem(401, "unauthorized");
    let (mut eli, _) = Browser::login(&app, "eli@example.com", PASSWORD).await;
    // Who changes himself goes on under a new cookie.
    let before = dana.clone();
    dana.send(&app, "PATCH", &danas, be("member")).await.is(200);
    assert_ne!(dana.cookie, before.cookie);
    before.clone().get(&app, "/api/v1/session").await.problem(401, "unauthorized");
    dana.send(&app, "PATCH", &elis, be("viewer")).await.problem(403, "forbidden");
    dana.send(&app, "DELETE", &danas, Value::Null).await.is(204);
    dana.get(&app, "/api/v1/workspaces/current/policy").await.problem(404, "not_found");
    dana.get(&app, &format!("/api/v1/workspaces/{}/policy", tenant.id)).await.problem(404, "not_found");
    eli.send(&app, "DELETE", &elis, Value::Null).await.problem(409, "conflict");
    eli.send(&app, "DELETE", &danas, Value::Null).await.problem(404, "not_found");
}

#[tokio::test]
async fn another_workspaces_members_are_not_there() {
    let app = App::new().await;
    let (one, other) = (app.tenant().await, app.tenant().await);
    let mut dana = app.member(&one.id, "dana@example.com", Role::Owner).await;
    let stranger = app.member(&other.id, "eli@example.com", Role::Owner).await;
    for (method, body) in [("GET", Value::Null), ("PATCH", json!({"role": "viewer"})), ("DELETE", Value::Null)] {
        for path in
            [format!("{HERE}/{}", stranger.user), format!("/api/v1/workspaces/{}/members/{}", other.id, stranger.user)]
        {
            dana.send(&app, method, &path, body.clone()).await.problem(404, "not_found");
        }
    }
    stranger.clone().get(&app, HERE).await.is(200);
    for path in ["plans", "models"] {
        let of = |workspace: &str| format!("/api/v1/{path}?workspace={workspace}");
        dana.get(&app, &of(&one.id)).await.is(200);
        dana.get(&app, &of(&other.id)).await.problem(404, "not_found");
        app.get(&of(&other.id), &one.key).await.problem(404, "not_found");
        app.get(&of(&one.id), &one.key).await.is(200);
    }
}

#[tokio::test]
async fn keys_of_members_are_their_own() {
    let app = App::new().await;
    let mut dana = app.founder("dana@example.com").await;
    let tenant = app.tenant().await;
    let mut eli = app.member(&tenant.id, "eli@example.com", Role::Member).await;
    let mut ada = app.member(&tenant.id, "ada@example.com", Role::Admin).await;
    let path = format!("/api/v1/workspaces/{}/api-keys", tenant.id);
    let key = |scopes: Value| json!({"name": "k", "scopes": scopes});
    let made = eli.send(&app, "POST", &path, key(json!(["inference"]))).await.is(201).body;
    assert_eq!(made["created_by"], eli.user);
    eli.send(&app, "POST", &path, key(json!(["inference", "keys:write"]))).await.problem(403, "forbidden");
    let adas = ada.send(&app, "POST", &path, key(json!(["inference", "keys:write"]))).await.is(201).body;
    ada.send(&app, "POST", &path, key(json!(["inference:any"]))).await.problem(403, "forbidden");
    dana.send(&app, "POST", &path, key(json!(["inference:any"]))).await.is(201);
    let of = |key: &Value| format!("{path}/{}", key["id"].as_str().unwrap());
    let mut vic = app.member(&tenant.id, "vic@example.com", Role::Viewer).await;
    for (person, may) in [(&mut eli, [true, false]), (&mut ada, [true, true]), (&mut vic, [false, false])] {
        let told = [&made, &adas].map(&of);
        for (one, may) in told.iter().zip(may) {
            assert_eq!(person.get(&app, one).await.is(200).body["may_revoke"], may);
        }
    }
    eli.send(&app, "DELETE", &of(&adas), Value::Null).await.problem(403, "forbidden");
    eli.send(&app, "DELETE", &of(&made), Value::Null).await.is(204);
    let second = eli.send(&app, "POST", &path, key(json!(["inference"]))).await.is(201).body;
    // Removed with the keys he made.
    let elis = format!("/api/v1/workspaces/{}/members/{}", tenant.id, eli.user);
    dana.send(&app, "DELETE", &format!("{elis}?api_keys=burn"), Value::Null).await.problem(400, "bad_request");
    dana.send(&app, "DELETE", &format!("{elis}?api_keys=revoke"), Value::Null).await.is(204);
    app.get("/api/v1/plans", second["secret"].as_str().unwrap()).await.problem(401, "unauthorized");
    app.get("/api/v1/plans", adas["secret"].as_str().unwrap()).await.is(200);
    let (actor, action) = app.log(&tenant.id).await.remove(0);
    assert_eq!((actor, action), (dana.user, "member.remove".to_owned()));
}

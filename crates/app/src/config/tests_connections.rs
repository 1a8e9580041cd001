use ownkey_connections::{ClientAuthentication, Place};
use ownkey_domain::connection::RefreshTimes;

use super::{load_with, refusal};

fn provider(lines: &str) -> String {
    format!("[connections.providers.x]\nclient_id = \"ownkey\"\n{lines}\n")
}

const URLS: &str = "authorize_url = \"https://id.example.com/a\"\ntoken_url = \"https://id.example.com/t\"";

#[test]
fn times_are_five_minutes_and_one_unless_it_is_said_otherwise() {
    let times = |text: &str, variables: &[(&str, &str)]| load_with(text, variables).unwrap().connections.times;
    assert_eq!(times("", &[]), RefreshTimes { poll_ms: 300_000, margin_ms: 60_000 });
    let changed = times("[connections]\nmargin_s = 1", &[("OWNKEY_CONNECTIONS__POLL_S", "2")]);
    assert_eq!(changed, RefreshTimes { poll_ms: 2_000, margin_ms: 1_000 });
    for (bad, why) in [
        ("poll_s = 0", "`poll_s` must be from 1 to 86400"),
        ("margin_s = 86401", "`margin_s` must be"),
        ("timeout_s = 61", "`timeout_s` must be from 1 to 60"),
        ("lease_s = 1", "unknown field"),
    ] {
        assert!(refusal(&format!("[connections]\n{bad}"), &[]).contains(why), "{bad}");
    }
}

#[test]
fn a_preset_is_what_is_known_and_what_stands_beside_it_counts() {
    let settings = load_with(&provider("preset = \"slack\"\nhosts = [\"files.slack.com\"]"), &[]).unwrap();
    let (slack, hosts) = (&settings.connections.providers["x"], &settings.connections.hosts["x"]);
    assert_eq!((slack.title.as_str(), slack.scope_separator), ("Slack", ','));
    assert_eq!(slack.authentication, ClientAuthentication::Body);
    assert!(!slack.revocation_ends_all && slack.final_errors.contains(&"token_revoked".to_owned()));
    let Place::Known(endpoints) = &slack.place else { unreachable!() };
    assert_eq!(endpoints.token, "https://slack.com/api/oauth.v2.access");
    assert_eq!(hosts.keys().collect::<Vec<_>>(), ["files.slack.com"]);
    let own = load_with(&provider(&format!("{URLS}\nfinal_errors = [\"bad_refresh_token\"]")), &[]).unwrap();
    assert_eq!(own.connections.providers["x"].final_errors, ["bad_refresh_token"]);
    let google = load_with(&provider("preset = \"google\"\nauthorize_params = { prompt = \"none\" }"), &[]).unwrap();
    let parameters = &google.connections.providers["x"].authorize_parameters;
    assert!(parameters.contains(&("prompt".to_owned(), "none".to_owned())));
    assert!(parameters.contains(&("access_type".to_owned(), "offline".to_owned())));
    assert!(google.connections.hosts["x"].contains_key("www.googleapis.com"));
    assert!(google.connections.providers["x"].revocation_ends_all);
}

#[test]
fn what_would_send_secrets_astray_is_refused() {
    let plain = "authorize_url = \"https://id.example.com/a\"\ntoken_url = \"http://id.example.com/t\"";
    for (lines, why) in [
        ("", "`token_url` are missing"),
        ("preset = \"gogle\"", "google, slack"),
        (plain, "must be https"),
        ("issuer = \"http://id.example.com\"", "must be https"),
        ("issuer = \"https://id.example.com\"\ntoken_url = \"https://id.example.com/t\"", "leave out"),
        (&format!("{URLS}\nclient_secret = \"sk-pasted-secret\""), "never the secret itself"),
        (&format!("{URLS}\nclient_secret = \"env:OWNKEY_TEST_NOT_SET\""), "is not set"),
        (&format!("{URLS}\nhosts = [\"http://api.example.com\"]"), "`hosts`"),
        (&format!("{URLS}\nhosts = [\"api.example.com/path\"]"), "`hosts`"),
        (
            &format!("{URLS}\nauthorize_params = {{ redirect_uri = \"https://evil.example\" }}"),
            "what the standard sets",
        ),
        (&format!("{URLS}\nclient_auth = \"query\""), "`client_auth`"),
        (&format!("{URLS}\nfinal_errors = [\"a b\"]"), "`final_errors`"),
    ] {
        let refused = refusal(&provider(lines), &[]);
        assert!(refused.contains(why) && !refused.contains("sk-pasted"), "{lines}: {refused}");
    }
    assert!(load_with(&provider(&format!("{plain}\nallow_plain_http = true")), &[]).is_ok());
    assert!(
        load_with(&provider(&format!("{URLS}\nhosts = [\"http://127.0.0.1:9\", \"api.example.com\"]")), &[]).is_ok()
    );
    let named = "[connections.providers.\"A b\"]\nclient_id = \"x\"";
    assert!(refusal(named, &[]).contains("a provider's name"));
}

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use ownkey_domain::service::ServiceUnit;
use ownkey_gateway::services::{Credential, Metered};
use ownkey_providers::metered::{Lasting, Measure};

use super::{Settings, load, load_with, refusal};
use crate::config::services::without_credential;

/// A service with these lines.
fn service(lines: &str) -> String {
    format!("[[services]]\nname = \"tool\"\nunit = \"call\"\ncredits = \"2\"\n{lines}\n")
}

const UPSTREAM: &str = "upstream = \"https://tools.example.com/v1\"";

fn credential(settings: &Settings) -> Option<&Credential> {
    settings.services["tool"].reach.as_ref().unwrap().credential.as_ref()
}

#[test]
fn niyras_services_are_its_configuration() {
    let path = format!("{}/../../examples/niyra.toml", env!("CARGO_MANIFEST_DIR"));
    let niyra = load(Some(std::path::Path::new(&path)), std::collections::HashMap::new()).unwrap();
    let of = |metered: &Metered| (metered.service.name.clone(), metered.service.unit, metered.service.is_served);
    let services: Vec<_> = niyra.services.values().map(of).collect();
    let expected = [
        ("composio", ServiceUnit::Call, true),
        ("enrichment", ServiceUnit::Item, true),
        ("memory-search", ServiceUnit::Token, true),
        ("phone", ServiceUnit::Second, false),
        ("stt", ServiceUnit::Second, true),
        ("tts", ServiceUnit::Character, true),
    ];
    assert_eq!(services, expected.map(|(name, unit, served)| (name.to_owned(), unit, served)));
    // Their secrets are not in it, so they can't be called yet.
    assert_eq!(without_credential(&niyra.services).count(), 5);
}

#[test]
fn credentials_come_from_where_they_are_kept_and_go_where_the_service_wants_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "canary-of-the-file\n").unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let from = |lines: &str| load_with(&service(&format!("{UPSTREAM}\n{lines}")), &[]).unwrap();
    let told = |settings: &Settings| {
        let credential = credential(settings).unwrap();
        (credential.header.to_string(), credential.value().unwrap().to_str().unwrap().to_owned())
    };
    let settings = from(&format!("credential = \"file:{}\"\nheader = \"X-API-Key\"", file.display()));
    assert_eq!(told(&settings), ("x-api-key".to_owned(), "canary-of-the-file".to_owned()));
    assert!(!format!("{settings:?}").contains("canary"), "secrets are not shown");
    // Cargo gives every test its package's name.
    let settings = from("credential = \"env:CARGO_PKG_NAME\"");
    assert_eq!(told(&settings), ("authorization".to_owned(), "Bearer ownkey".to_owned()));
    let settings = from("credential = \"env:CARGO_PKG_NAME\"\nheader = \"authorization: Basic\"");
    assert_eq!(told(&settings).1, "Basic ownkey");
    let key = "[providers.anthropic]\nmanaged_key = \"sk-ant-api03-operator\"\n";
    let settings =
        load_with(&format!("{key}{}", service(&format!("{UPSTREAM}\ncredential = \"managed:anthropic\""))), &[]);
    assert_eq!(told(&settings.unwrap()), ("x-api-key".to_owned(), "sk-ant-api03-operator".to_owned()));
    for unset in ["managed:openai", "env:OWNKEY_NO_SUCH_VARIABLE"] {
        let settings = from(&format!("credential = \"{unset}\""));
        assert!(credential(&settings).is_none());
        assert_eq!(without_credential(&settings.services).collect::<Vec<_>>(), ["tool"]);
    }
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let open = format!("{UPSTREAM}\ncredential = \"file:{}\"", file.display());
    assert!(refusal(&service(&open), &[]).contains("chmod 600"));
}

#[test]
fn mistakes_in_a_service_are_named() {
    let env = "credential = \"env:CARGO_PKG_NAME\"";
    let with = |lines: &str| refusal(&service(&format!("{UPSTREAM}\n{env}\n{lines}")), &[]);
    for (lines, said) in [
        ("timeout_s = 0", "timeout_s"),
        ("body_mib = 0", "body_mib"),
        ("max_items = 3", "max_items"),
        ("input = \"text\"", "input"),
        ("header = \"content-length\"", "header"),
        ("header = \"x y\"", "header"),
        ("header = \"x-ownkey-user\"", "header"),
        ("no_such_field = 1", "no_such_field"),
    ] {
        let refusal = with(lines);
        assert!(refusal.contains(said), "{lines}: {refusal}");
    }
    let plain = "upstream = \"http://tools.example.com\"\n";
    assert!(refusal(&service(&format!("{plain}{env}")), &[]).contains("allow_plain_http"));
    assert!(load_with(&service(&format!("{plain}{env}\nallow_plain_http = true")), &[]).is_ok());
    assert!(load_with(&service(&format!("upstream = \"http://127.0.0.1:1/x\"\n{env}")), &[]).is_ok());
    assert!(refusal(&service(&format!("upstream = \"https://a.example/x?y=1\"\n{env}")), &[]).contains("upstream"));
    assert!(refusal(&service(UPSTREAM), &[]).contains("`credential` is missing"));
    assert!(refusal(&service(env), &[]).contains("`upstream` is missing"));
    for secret in ["sk-canary-pasted", "key:sk-canary-pasted", "managed:sk-canary-pasted"] {
        let refusal = refusal(&service(&format!("{UPSTREAM}\ncredential = \"{secret}\"")), &[]);
        assert!(refusal.contains("tool") && refusal.contains("managed:") && !refusal.contains("canary"), "{refusal}");
    }
    assert!(refusal(&format!("{}{}", service(""), service("")), &[]).contains("twice"));
    // No use costs more than a million credits, so nothing is sold that always would.
    for (lines, is_too_dear) in [
        ("unit = \"call\"\ncredits = \"1000000.000001\"", true),
        ("unit = \"item\"\ncredits = \"20000\"", true),
        ("unit = \"item\"\ncredits = \"20000\"\nmax_items = 50", false),
        ("unit = \"second\"\ncredits = \"20\"\nlongest_seconds = 86400", true),
        ("unit = \"second\"\ncredits = \"20\"", false),
    ] {
        let loaded = load_with(&format!("[[services]]\nname = \"tool\"\n{UPSTREAM}\n{env}\n{lines}\n"), &[]);
        let told = loaded.err().is_some_and(|error| format!("{error:#}").contains("more than 1000000 credits"));
        assert_eq!(told, is_too_dear, "{lines}");
    }
}

#[test]
fn what_is_charged_by_the_second_may_say_how_long_it_can_last() {
    let env = format!("{UPSTREAM}\ncredential = \"env:CARGO_PKG_NAME\"");
    let with = |lines: &str| {
        let service = format!("[[services]]\nname = \"tool\"\nunit = \"second\"\ncredits = \"1\"\n{env}\n{lines}\n");
        load_with(&service, &[]).map(|settings| settings.services["tool"].measure.clone())
    };
    assert_eq!(with("sound = true").unwrap(), Measure::Seconds(Lasting::TheSoundSent));
    assert_eq!(with("longest_seconds = 600").unwrap(), Measure::Seconds(Lasting::AtMost(600)));
    for undeclared in ["", "sound = false"] {
        assert_eq!(with(undeclared).unwrap(), Measure::Seconds(Lasting::Undeclared));
    }
    for (lines, said) in [
        ("sound = true\nlongest_seconds = 9", "exclude each other"),
        ("longest_seconds = 0", "from 1 to 86400"),
        ("longest_seconds = 86401", "from 1 to 86400"),
    ] {
        let refusal = format!("{:#}", with(lines).unwrap_err());
        assert!(refusal.contains(said), "{lines}: {refusal}");
    }
    assert!(refusal(&service(&format!("{env}\nsound = true")), &[]).contains("are for `unit = \"second\"` only"));
}

#[test]
fn units_and_prices_are_checked() {
    let with = |lines: &str| refusal(&format!("[[services]]\nname = \"tool\"\n{lines}"), &[]);
    assert!(with("unit = \"minute\"\ncredits = \"1\"").contains("call, token, character, second, item"));
    assert!(with("credits = \"1\"").contains("`unit` is missing"));
    assert!(with("unit = \"call\"").contains("`credits` is missing"));
    for bad in ["-1", "1e3", "", "free", "0.0000000000001"] {
        assert!(with(&format!("unit = \"call\"\ncredits = \"{bad}\"")).contains("`credits` must be"), "{bad}");
    }
    assert!(refusal("[[services]]\nname = \"Tool x\"\nunit = \"call\"\ncredits = \"1\"", &[]).contains("`name`"));
    assert!(refusal("[[services]]\nunit = \"call\"\ncredits = \"1\"", &[]).contains("name"));
}

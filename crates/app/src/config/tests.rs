use std::path::Path;

use super::*;

#[path = "tests_rules.rs"]
mod rules;

fn load_with(text: &str, variables: &[(&str, &str)]) -> anyhow::Result<Settings> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ownkey.toml");
    std::fs::write(&file, text).unwrap();
    let variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    load(Some(Path::new(&file)), variables)
}

fn refusal(text: &str, variables: &[(&str, &str)]) -> String {
    format!("{:#}", load_with(text, variables).unwrap_err())
}

#[test]
fn defaults_are_the_contracts() {
    let settings = load_with("", &[]).unwrap();
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.database.url, "sqlite://data/ownkey.db");
    assert_eq!(settings.providers.of(ownkey_domain::provider::Provider::OpenAi).base_url, "https://api.openai.com/v1");
    assert!(settings.operator.tokens.is_empty());
}

#[test]
fn the_environment_overrides_the_file() {
    let text = "[server]\nlisten = \"127.0.0.1:1\"\n[providers.openai]\nmanaged_key = \"a\"";
    let variables = [
        ("OWNKEY_SERVER__LISTEN", "127.0.0.1:2"),
        ("OWNKEY_OPERATOR__TOKEN", "0123456789012345678901234567890123, abcdefghijabcdefghijabcdefghijab"),
        ("OWNKEY_LIMITS__CONNECT_S", "3"),
        ("OWNKEY_URL", "not ours to read"),
    ];
    let settings = load_with(text, &variables).unwrap();
    assert_eq!(settings.server.listen.port(), 2);
    assert_eq!(settings.operator.tokens.len(), 2);
    assert_eq!(settings.limits.connect, std::time::Duration::from_secs(3));
}

#[test]
fn mistakes_are_named_and_values_are_not() {
    assert!(refusal("[serverr]\nlisten = 1", &[]).contains("serverr"));
    assert!(refusal("[server]\nlissten = \"x\"", &[]).contains("lissten"));
    assert!(refusal("[server]\nlisten = \"sk-secret\"", &[]).contains("[server]"));
    assert!(refusal("[operator]\ntoken = \"short\"", &[]).contains("32"));
    assert!(refusal("[providers.openai]\nbase_url = \"http://example.com/v1\"", &[]).contains("https"));
    assert!(refusal("[server]\nlisten = \"0.0.0.0:8080\"", &[]).contains("public_url"));
    for text in [
        "[server]\nlisten = \"sk-secret\"",
        "[limits]\nconnect_s = \"sk-secret\"",
        "sk-secret",
        "[providers]\nopenai = \"sk-secret\"",
    ] {
        assert!(!refusal(text, &[]).contains("sk-secret"), "{text}");
    }
}

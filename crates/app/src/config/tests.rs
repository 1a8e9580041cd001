use std::path::Path;

use super::*;

#[path = "tests_connections.rs"]
mod connections;
#[path = "tests_rules.rs"]
mod rules;
#[path = "tests_server.rs"]
mod server;
#[path = "tests_services.rs"]
mod services;

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
    assert!(settings.database.url.ends_with("/data/ownkey.db"));
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

#[test]
fn paths_of_the_file_start_at_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ownkey.toml");
    let paths = |text: &str, url: Option<&str>| {
        std::fs::write(&file, text).unwrap();
        let variables = url.map(|url| ("OWNKEY_DATABASE__URL".to_owned(), url.to_owned()));
        let Settings { database, vault, .. } = load(Some(&file), variables.into_iter().collect()).unwrap();
        let kek = if let vault::Vault::File(path) = vault { path.display().to_string() } else { String::new() };
        [database.url, database.journal_dir.display().to_string(), kek]
    };
    let at = |rest: &str| folder.path().join(rest).display().to_string();
    let beside = [format!("sqlite://{}", at("data/ownkey.db")), at("data/journal"), String::new()];
    assert_eq!(paths("", None), beside);
    let relative = "[database]\nurl = \"sqlite://a/b.db\"\njournal_dir = \"j\"\n[vault]\nkek_file = \"k\"";
    assert_eq!(paths(relative, None), [format!("sqlite://{}", at("a/b.db")), at("j"), at("k")]);
    let absolute = "[database]\nurl = \"sqlite:///a/b.db\"\n[vault]\nkek_file = \"/k\"";
    assert_eq!(paths(absolute, None), ["sqlite:///a/b.db", "/a/journal", "/k"]);
    let server = "[database]\nurl = \"postgres://h/d\"";
    assert_eq!(paths(server, None), ["postgres://h/d".to_owned(), at("data/journal"), String::new()]);
    // The environment is the shell's, and so are its paths.
    assert_eq!(paths("", Some("sqlite://c.db"))[..2], ["sqlite://c.db", "journal"]);
}

#[test]
fn a_managed_key_that_is_none_is_refused_without_its_text() {
    let refusal = refusal("[providers.openai]\nmanaged_key = \"sk-se\\u0007cret\"", &[]);
    assert!(refusal.contains("managed_key") && refusal.contains("openai") && !refusal.contains("sk-se"), "{refusal}");
}

#[test]
fn variables_without_effect_are_kept_for_a_warning() {
    let settings = load_with("", &[("OWNKEY_SERVER_LISTEN", "127.0.0.1:1"), ("OWNKEY_LOG", "info")]).unwrap();
    assert_eq!(settings.without_effect, ["OWNKEY_SERVER_LISTEN"]);
}

#[test]
fn the_product_has_a_name() {
    let name = |text| load_with(text, &[]).map(|settings| settings.dashboard.product_name);
    assert_eq!(name("").unwrap(), "Ownkey");
    assert_eq!(name("[dashboard]\nproduct_name = \" Celune \"").unwrap(), "Celune");
    for bad in ["", "  ", "a\\nb", &"x".repeat(61)] {
        let text = format!("[dashboard]\nproduct_name = \"{bad}\"");
        assert!(refusal(&text, &[]).contains("product_name"), "{bad}");
    }
}

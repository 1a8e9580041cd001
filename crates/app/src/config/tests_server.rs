use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::{load, load_with, refusal};

fn server(fields: &str) -> String {
    format!("[server]\n{fields}\n")
}

#[test]
fn tls_needs_a_certificate_and_a_key() {
    for (fields, missing) in [("tls_cert = \"a\"", "tls_key"), ("tls_key = \"a\"", "tls_cert")] {
        let said = refusal(&server(fields), &[]);
        assert!(said.contains("[server]") && said.contains(&format!("`{missing}` is not")), "{said}");
    }
    let half = refusal("", &[("OWNKEY_SERVER__TLS_CERT", "a")]);
    assert!(half.contains("tls_key"), "{half}");
    assert!(load_with("", &[]).unwrap().server.tls.is_none());
}

#[test]
fn a_listener_on_the_network_has_tls_or_a_proxy() {
    let open = "listen = \"0.0.0.0:1\"\n";
    let said = refusal(&server(open), &[]);
    for field in ["tls_cert", "tls_key", "public_url", "trusted_proxies"] {
        assert!(said.contains(field), "{said}");
    }
    for half in ["public_url = \"https://a\"", "trusted_proxies = [\"10.0.0.1\"]"] {
        assert!(refusal(&server(&format!("{open}{half}")), &[]).contains("open to the network"));
    }
    for whole in
        ["tls_cert = \"c\"\ntls_key = \"k\"", "public_url = \"https://a\"\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]"]
    {
        load_with(&server(&format!("{open}{whole}")), &[]).unwrap();
    }
}

#[test]
fn a_slice_of_output_is_a_whole_number_wherever_it_is_written() {
    let slice = |text: &str, variables: &[_]| load_with(text, variables).unwrap().limits.hold_slice;
    let variable = "OWNKEY_LIMITS__HOLD_SLICE";
    assert_eq!(
        [slice("", &[]), slice("[limits]\nhold_slice = 512", &[]), slice("", &[(variable, "512")])],
        [2_048, 512, 512]
    );
    for said in [
        refusal("[limits]\nhold_slice = 256.5", &[]),
        refusal("[limits]\nhold_slice = -512", &[]),
        refusal("", &[(variable, "256.5")]),
    ] {
        assert!(said.contains("hold_slice: must be a whole number"), "{said}");
    }
    assert!(refusal("[limits]\nhold_slice = 255", &[]).contains("from 256 to 1000000"));
}

#[test]
fn every_number_that_counts_is_whole() {
    let plan = "[plans.pro]\nbyok = true\nmanaged = \"credits\"\n";
    let model = "[[models]]\nid = \"a\"\n";
    let service = "[[services]]\nname = \"a\"\nunit = \"call\"\ncredits = \"1\"\nupstream = \"https://a.example\"\n";
    for (section, fields) in [
        ("[limits]\n", &["body_mib", "bodies_mib", "connections", "connections_per_peer", "workspaces_in_memory"][..]),
        (plan, &["output_limit", "requests_per_minute", "tokens_per_minute"]),
        (model, &["context_tokens", "output_tokens"]),
        (service, &["timeout_s", "body_mib", "max_items", "longest_seconds"]),
        ("[connections]\n", &["poll_s", "margin_s", "timeout_s"]),
        ("[retention]\n", &["receipts_days", "audit_days"]),
        ("[webhooks]\n", &["timeout_s"]),
    ] {
        for field in fields {
            let said = refusal(&format!("{section}{field} = 1.5"), &[]);
            assert!(said.contains(&format!("{field}: must be a whole number")), "{field}: {said}");
        }
    }
    assert!(refusal("[retention]\naudit_days = 70000", &[]).contains("audit_days: is too large"));
    let days = load_with("", &[("OWNKEY_RETENTION__AUDIT_DAYS", "30")]).unwrap().retention.audit_days;
    assert_eq!(days, Some(30), "and in the environment they are texts");
}

#[test]
fn the_files_of_tls_are_read_for_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ownkey.toml");
    std::fs::write(&file, server("tls_cert = \"cert.pem\"\ntls_key = \"key.pem\"")).unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let why = || {
        let settings = load(Some(&file), std::collections::HashMap::new()).unwrap();
        format!("{:#}", settings.server.tls.unwrap().identity().err().unwrap())
    };
    let said = why();
    assert!(said.contains("cannot read the TLS key file") && said.contains(&key.display().to_string()), "{said}");
    std::fs::write(&key, "-----BEGIN secret").unwrap();
    std::fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    let said = why();
    assert!(said.contains("can be read by others") && said.contains("chmod 600"), "{said}");
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    assert!(why().contains("cannot read the TLS certificate"));
    std::fs::write(&cert, "no certificate").unwrap();
    assert!(why().contains("no usable PEM certificate"));
    std::fs::write(&cert, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let said = why();
    assert!(said.contains("no usable PEM private key") && !said.contains("secret"), "{said}");
}

#[test]
fn trusted_proxies_are_addresses_and_networks() {
    let proxies = [("OWNKEY_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1, ::ffff:192.0.2.2, 2001:db8::/32")];
    let nets: Vec<_> =
        load_with("", &proxies).unwrap().server.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(nets, ["10.0.0.0/8", "192.0.2.1/32", "192.0.2.2/32", "2001:db8::/32"]);
    for bad in ["10.0.0.0/33", "proxy.example.com", "10.0.0", ""] {
        let said = refusal(&server(&format!("trusted_proxies = [\"10.0.0.1\", \"{bad}\"]")), &[]);
        assert!(said.contains("item 2 of `trusted_proxies` is neither an address nor a network"), "{said}");
    }
    for everybody in ["0.0.0.0/0", "::/0"] {
        let said = refusal(&server(&format!("trusted_proxies = [\"{everybody}\"]")), &[]);
        assert!(said.contains("item 1 of `trusted_proxies` is every address there is"), "{said}");
    }
}

#[test]
fn web_pages_are_named_by_their_origins() {
    let origins = [("OWNKEY_SERVER__CORS_ORIGINS", "https://app.example.com, http://localhost:3000")];
    load_with("", &origins).unwrap();
    for (bad, why) in
        [("*", "wildcard"), ("https://a.example/", "a path"), ("sk-secret", "scheme://host"), ("null", "sandboxed")]
    {
        let said = refusal(&server(&format!("cors_origins = [\"https://a.example\", \"{bad}\"]")), &[]);
        assert!(said.contains("item 2 of `cors_origins`") && said.contains(why) && !said.contains("secret"), "{said}");
    }
}

#[test]
fn what_of_it_waits_for_a_restart_is_told() {
    let plain = load_with("", &[]).unwrap();
    let other = "tls_cert = \"c\"\ntls_key = \"k\"\ntrusted_proxies = [\"10.0.0.1\"]\ncors_origins = [\"https://a\"]";
    let other = load_with(&server(other), &[]).unwrap();
    let waiting = plain.needs_restart(&other);
    assert!(waiting.contains(&"server.tls_cert") && waiting.contains(&"server.trusted_proxies"), "{waiting:?}");
    assert!(!waiting.iter().any(|name| name.contains("cors")));
}

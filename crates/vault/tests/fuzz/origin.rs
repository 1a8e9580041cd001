//! A destination has one spelling, and its host is what stands in the URL: no second reader could see another one.

use ownkey_vault::Origin;

/// The URL.
pub fn target(input: &[u8]) {
    let url = String::from_utf8_lossy(input);
    let Ok(origin) = Origin::of_url(&url) else { return };
    assert_eq!(origin.to_string().parse(), Ok(origin.clone()));
    // Whatever a reader makes of the signs that readers disagree about, they are not there.
    let authority = url.split_once("://").unwrap().1.split(['/', '?', '#']).next().unwrap();
    assert!(!authority.contains(['@', '\\', '%', ' ']) && url.bytes().all(|b| (0x21..0x7f).contains(&b)), "{url}");
    if !authority.starts_with('[') {
        let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
        assert_eq!(host.to_ascii_lowercase(), origin.host());
        assert!(port.is_empty() || port.parse() == Ok(origin.port()), "{url}");
    }
}

#[test]
fn corpus() {
    crate::drive::corpus("origin", target);
}

#[test]
fn random() {
    const PIECES: &[&str] = &[
        "https",
        "http",
        "://",
        "api.openai.com",
        "127.0.0.1",
        "[::1]",
        "[",
        "]",
        ":",
        "443",
        "@",
        "/",
        "?",
        "#",
        ".",
        "..",
        "%2e",
        "\\",
        "0x7f",
        "-",
        "_",
    ];
    crate::drive::random("origin", target, crate::drive::CASES, crate::drive::soup(PIECES));
}

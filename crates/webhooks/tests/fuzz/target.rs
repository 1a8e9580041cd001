//! A URL that messages may go to leads to the host that stands in it, and to no address of the inside that is not allowed,
//! whichever reader is asked. Here that is one of another make than those that the code goes by.

use std::net::IpAddr;

use ownkey_webhooks::{Networks, Target, URL_BYTES_MAX};

/// A byte that says whether 10.0.0.0/8 is allowed, and the URL.
pub fn target(input: &[u8]) {
    let Some((first, url)) = input.split_first() else { return };
    let allowed = first % 2 == 1;
    let networks = Networks::new(if allowed { vec!["10.0.0.0/8".parse().unwrap()] } else { Vec::new() });
    let url = String::from_utf8_lossy(url);
    let Ok(target) = Target::parse(&url, &networks) else { return };
    let origin = target.origin();
    assert!(url.len() <= URL_BYTES_MAX && !url.contains('#'), "{url}");
    let (scheme, behind) = url.split_once("://").unwrap();
    let authority = behind.split(['/', '?']).next().unwrap();
    assert!(!authority.contains(['@', '\\', '%']), "{url}");
    let is_plain = scheme.eq_ignore_ascii_case("http");
    assert!(is_plain || scheme.eq_ignore_ascii_case("https"), "{url}");
    assert!(allowed || !is_plain, "{url}");
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, ""),
    };
    assert!(port.is_empty() || port.parse() == Ok(origin.port()), "{url}");
    match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(address) => assert_public(address.to_canonical(), allowed, &url),
        // A name, and no number that some readers take for an address.
        Err(_) => {
            assert_eq!(host.to_ascii_lowercase(), origin.host().to_ascii_lowercase());
            let last = host.trim_end_matches('.').rsplit('.').next().unwrap();
            assert!(!last.starts_with("0x") && !last.bytes().all(|b| b.is_ascii_digit()), "{url}");
        }
    }
}

/// By what the standard library knows of addresses.
fn assert_public(address: IpAddr, allowed: bool, url: &str) {
    match address {
        IpAddr::V4(v4) if allowed && v4.octets()[0] == 10 => {}
        IpAddr::V4(v4) => {
            let is_shared = v4.octets()[0] == 100 && v4.octets()[1] & 0b1100_0000 == 64;
            let is_inside = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast() || is_shared;
            assert!(!is_inside && !v4.is_broadcast() && !v4.is_documentation() && v4.octets()[0] != 0, "{url}");
        }
        IpAddr::V6(v6) => {
            let is_inside = v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_multicast();
            assert!(!is_inside && !v6.is_unspecified(), "{url}");
            // Addresses that lead to others: IPv4 behind (compatible, translated, 6to4).
            let segments = v6.segments();
            assert!(segments[0] != 0x2002, "{url}");
            assert!(segments[0] != 0 && segments[0] != 0x64, "{url}");
        }
    }
}

#[test]
fn corpus() {
    crate::drive::corpus("target", target);
}

#[test]
fn random() {
    const PIECES: &[&str] = &[
        "0",
        "1",
        "https",
        "http",
        "://",
        "hooks.example.com",
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "localhost",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2606:4700::1111]",
        "2130706433",
        "0x7f",
        "0177",
        ".",
        ":",
        "443",
        "@",
        "/",
        "?",
        "#",
        "\\",
        "%2e",
        "%00",
        "\u{3002}",
        "\u{ff11}",
        "xn--",
        "-",
    ];
    crate::drive::random("target", target, crate::drive::CASES, crate::drive::soup(PIECES));
}

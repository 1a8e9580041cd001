//! No piece of the key that matters passes, in any of its forms and at any split; everything else does.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ownkey_providers::scrub::Scrubber;

use crate::filled::filled;
use crate::pieces::cuts;

const KEYS: [&str; 2] = ["sk-ant-api03-Qm7xT-2vR_9pL4wZ8kN1cB6yH3jD5fG0sA", "sk-a/b\"c\\d+e&f=g:h%i?j~k{l}m|n^o<p>q"];
/// As long a piece is no accident.
const WINDOW: usize = 12;
/// `sk-ant-api03-` is known to everyone, and no leak.
const PUBLIC: usize = 13;

/// Text that is made of the key is held back up to here; then it may be told in more pieces that something was there.
const HELD_MAX: usize = 1 << 10;

static SCRUBBERS: LazyLock<Vec<(Scrubber, Vec<Form>)>> =
    LazyLock::new(|| KEYS.map(|key| (Scrubber::new(key.as_bytes()), forms(key))).into());

/// `{KEY}` in the input stands for the key in each of its forms.
pub fn target(input: &[u8]) {
    for (scrubber, forms) in &*SCRUBBERS {
        for form in forms {
            let text = filled(input, "{KEY}", &form.text);
            check(scrubber, form, &text);
            if text == input {
                let has_any = forms.iter().any(|form| form.is_in(&text, 0));
                assert!(has_any || *scrubber.scrub(&text) == text, "changed");
                break;
            }
        }
    }
}

fn check(scrubber: &Scrubber, form: &Form, text: &[u8]) {
    let told = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let whole = scrubber.scrub(text);
    assert!(!form.is_in(&whole, PUBLIC), "{} leaks", told(&whole));
    for pieces in cuts(text).into_iter().filter(|pieces| pieces.len() < 100) {
        let mut stream = scrubber.stream();
        let mut out: Vec<u8> = pieces.iter().flat_map(|piece| stream.feed(piece).into_owned()).collect();
        out.extend_from_slice(&stream.finish());
        assert!(!form.is_in(&out, PUBLIC), "{} leaks, cut in {pieces:?}", told(&out));
        assert!(text.len() > HELD_MAX || out == *whole, "{} and not {}", told(&out), told(&whole));
    }
}

/// A form of a key.
struct Form {
    text: Vec<u8>,
    /// The part of it that depends on nothing but the key.
    own: Range<usize>,
}

impl Form {
    /// Whether a window of it is in the text, other than those that begin in what is public.
    fn is_in(&self, text: &[u8], public: usize) -> bool {
        let windows: HashSet<_> = text.windows(WINDOW).collect();
        let form = &self.text[self.own.clone()];
        form.windows(WINDOW).skip(public).any(|piece| windows.contains(piece))
    }
}

fn forms(key: &str) -> Vec<Form> {
    let each = |form: &dyn Fn(u8) -> String| key.bytes().map(form).collect::<String>();
    let json = serde_json::to_string(key).unwrap().trim_matches('"').to_owned();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let plain_or =
        |escape: fn(u8) -> String| each(&|byte| if is_plain(byte) { char::from(byte).into() } else { escape(byte) });
    let mut forms: Vec<_> = [
        key.to_owned(),
        json.replace('/', "\\/"),
        json,
        plain_or(|byte| format!("%{byte:02X}")),
        plain_or(|byte| format!("%{byte:02x}")),
        each(&|byte| format!("%{byte:02X}")),
        each(&|byte| format!("\\u{byte:04x}")),
        each(&|byte| format!("\\u{byte:04X}")),
        each(&|byte| format!("{byte:02x}")),
        each(&|byte| format!("{byte:02X}")),
    ]
    .into_iter()
    .map(|form| Form { own: 0..form.len(), text: form.into_bytes() })
    .collect();
    for before in ["", "x", "xy"] {
        let text = format!("{before}{key}: and more");
        // Four characters at most are shared with what stands before.
        let own = 4..(before.len() + key.len()) * 8 / 6;
        forms.push(Form { text: STANDARD.encode(&text).into_bytes(), own: own.clone() });
        forms.push(Form { text: URL_SAFE_NO_PAD.encode(&text).into_bytes(), own });
    }
    forms
}

#[test]
fn corpus() {
    crate::drive::corpus("scrub", target);
}

#[test]
fn random() {
    const PIECES: &[&str] = &[
        "{KEY}",
        "{KEY}",
        "Qm7xT-2vR_9p",
        "Qm7xT-2vR_9",
        "L4wZ8kN1",
        "cB6yH3jD5fG0sA",
        "sk-ant-api03-",
        "sk-",
        "\n",
        "\n\n",
        " ",
        "\"",
        "\\",
        "/",
        "=",
        "[redacted]",
        "a",
    ];
    crate::drive::random("scrub", target, crate::drive::CASES / 16, crate::drive::soup(PIECES));
}

//! No form of a key passes, at any split, and nothing else is touched.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

use super::*;

const KEY: &str = "sk-ant-api03-Qm7xT-2vR_9pL4wZ8kN1cB6yH3jD5fG0sA-tUeWiOqXzVr";

fn streamed(scrubber: &Scrubber, pieces: &[&[u8]]) -> Vec<u8> {
    let mut stream = scrubber.stream();
    let mut out: Vec<u8> = pieces.iter().flat_map(|piece| stream.feed(piece).into_owned()).collect();
    out.extend_from_slice(&stream.finish());
    out
}

fn scrub(secret: &str, text: &str) -> String {
    String::from_utf8(Scrubber::new(secret.as_bytes()).scrub(text.as_bytes()).into_owned()).unwrap()
}

#[test]
fn the_key_goes_and_the_rest_stays() {
    assert_eq!(scrub(KEY, &format!("Incorrect API key: {KEY}. Try")), "Incorrect API key: [redacted]. Try");
    assert_eq!(scrub(KEY, &format!("{KEY}{KEY}")), "[redacted]");
    assert_eq!(scrub(KEY, KEY), "[redacted]");
    assert_eq!(scrub(KEY, ""), "");
    let clean =
        "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"delta\":{\"content\":\"keys start with sk-ant-api03-\"}}]}\n\n";
    assert!(matches!(Scrubber::new(KEY.as_bytes()).scrub(clean.as_bytes()), Cow::Borrowed(_)));
}

#[test]
fn windows_of_twelve_go_and_shorter_ones_stay() {
    let part = |range: Range<usize>| scrub(KEY, &format!("<{}>", &KEY[range]));
    for start in 13..KEY.len() - 12 {
        assert_eq!(part(start..start + 12), "<[redacted]>");
        assert_eq!(part(start..start + 11), format!("<{}>", &KEY[start..start + 11]));
    }
    assert_eq!(part(0..17), "<[redacted]>");
    assert_eq!(part(0..13), "<sk-ant-api03->");
}

#[test]
fn a_key_that_repeats_itself_goes_wherever_it_is_looked_at() {
    let key = "sk-proj-aaaabaaaaaacaaaaaaaaaaaabaaaaacaabaaaaaaac";
    for (before, start) in (0..12).flat_map(|before| (8..=key.len() - 12).map(move |start| (before, start))) {
        let before = "?".repeat(before);
        assert_eq!(scrub(key, &format!("{before}{}?", &key[start..start + 12])), format!("{before}[redacted]?"));
    }
}

#[test]
fn every_encoding_goes() {
    let special = "a/b\"c\\d+e&f=g:h%i?j~k{l}m|n^o<p>q";
    for secret in [KEY, special] {
        let basic = |before: &str| STANDARD.encode(format!("{before}{secret}:and more"));
        let url_safe = |before: &str| URL_SAFE.encode(format!("{before}{secret}:and more"));
        let upper: String = secret.bytes().map(|b| format!("{b:02X}")).collect();
        let percent = special.bytes().all(|b| secret.as_bytes().contains(&b)).then(|| {
            let encode = |b: u8| {
                if b.is_ascii_alphanumeric() || b == b'~' { char::from(b).to_string() } else { format!("%{b:02X}") }
            };
            secret.bytes().map(encode).collect::<String>()
        });
        let texts = ["", "x", "xy", "xyz"].iter().flat_map(|before| [basic(before), url_safe(before)]);
        let json = serde_json::to_string(secret).unwrap();
        for text in texts.chain([upper.to_lowercase(), upper, json.replace('/', "\\/"), json]).chain(percent) {
            let clean = scrub(secret, &text);
            assert!(clean.contains("[redacted]"), "{text}");
            // What may be left are the characters at the ends that neighbours have a part in.
            assert!(clean.replace("[redacted]", "").len() < 30, "{text} left {clean}");
        }
    }
}

#[test]
fn an_event_is_not_held_back() {
    let scrubber = Scrubber::new(KEY.as_bytes());
    let mut stream = scrubber.stream();
    let event = b"data: {\"delta\":\"a\"}\n\n";
    assert!(matches!(stream.feed(event), Cow::Borrowed(bytes) if bytes == event));
}

#[test]
fn memory_is_bounded_even_by_text_made_of_the_key() {
    let scrubber = Scrubber::new(KEY.as_bytes());
    let mut stream = scrubber.stream();
    let text = KEY.repeat(1000);
    for piece in text.as_bytes().chunks(7) {
        stream.feed(piece);
        assert!(stream.held.len() <= HELD_MAX);
    }
}

#[test]
fn tiny_secrets_are_none() {
    assert_eq!(scrub("abc", "abc abcabc"), "abc abcabc");
    assert_eq!(scrub("", "abc"), "abc");
    assert_eq!(scrub("test", "a test"), "a [redacted]");
}

proptest! {
    #[test]
    fn a_key_at_any_split_never_leaks(
        before in "[ -~\n]{0,40}", after in "[ -~\n]{0,40}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let text = format!("{before}{KEY}{after}");
        let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        at.sort_unstable();
        let ends = at.iter().copied().chain([text.len()]);
        let starts = [0].into_iter().chain(at.iter().copied());
        let pieces: Vec<_> = starts.zip(ends).map(|(start, end)| &text.as_bytes()[start..end]).collect();
        let scrubber = Scrubber::new(KEY.as_bytes());
        let out = streamed(&scrubber, &pieces);
        prop_assert_eq!(&*scrubber.scrub(text.as_bytes()), &out[..]);
        let out = String::from_utf8(out).unwrap();
        prop_assert!((13..KEY.len() - 12).all(|start| !out.contains(&KEY[start..start + 12])), "{}", out);
    }

    #[test]
    fn streams_and_whole_texts_agree(
        text in prop::collection::vec(prop::sample::select(vec![&KEY[..9], &KEY[9..30], &KEY[20..], "x", "\n", "sk-", &KEY[40..53]]), 0..8),
        size in 1usize..20,
    ) {
        let text = text.concat();
        let scrubber = Scrubber::new(KEY.as_bytes());
        let pieces: Vec<_> = text.as_bytes().chunks(size).collect();
        prop_assert_eq!(streamed(&scrubber, &pieces), scrubber.scrub(text.as_bytes()).into_owned());
    }

    #[test]
    fn no_bytes_make_it_panic(secret in prop::collection::vec(any::<u8>(), 0..50), text in prop::collection::vec(any::<u8>(), 0..200)) {
        let scrubber = Scrubber::new(&secret);
        scrubber.scrub(&text);
        streamed(&scrubber, &[&secret, &text, &secret]);
    }
}

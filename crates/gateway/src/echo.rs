//! Echoes of the key in what a provider says beside its body: headers, the model's name. Short texts, so a plain
//! search will do where building a scrubber would cost more than the call's other steps together.

use http::HeaderMap;
use memchr::memmem;
use ownkey_providers::answer::Served;
use ownkey_vault::ProviderKey;

/// As much of a key in one piece is an echo, and no accident.
const ECHO_LEN: usize = 12;

/// Whether the text holds a piece of the key.
pub fn echoes(key: &ProviderKey, text: &[u8]) -> bool {
    let key = key.expose_str().as_bytes();
    let is_of_key = |piece: &[u8]| memmem::find(key, piece).is_some();
    // No key holds a blank, so it is looked for in words only, of which most texts have none that is long enough.
    let mut words = text.split(|byte| !byte.is_ascii_graphic()).filter(|word| word.len() >= ECHO_LEN);
    // Wherever a piece lies it holds one of these halves whole, so most words are done with after a few of them.
    words.any(|word| word.chunks_exact(ECHO_LEN / 2).any(is_of_key) && word.windows(ECHO_LEN).any(is_of_key))
}

/// Drops the headers that echo the key.
pub fn drop_from_headers(head: &mut HeaderMap, key: &ProviderKey) {
    let bad: Vec<_> =
        head.iter().filter(|(_, value)| echoes(key, value.as_bytes())).map(|(name, _)| name.clone()).collect();
    for name in bad {
        head.remove(name);
    }
}

/// Drops what an answer says of itself if it echoes the key: it would end up on the receipt. Tells whether it did.
pub fn drop_from_served(served: &mut Served, key: &ProviderKey) -> bool {
    let mut echoed = false;
    for text in [&mut served.model, &mut served.service_tier, &mut served.response_id] {
        if text.as_ref().is_some_and(|text| echoes(key, text.as_bytes())) {
            *text = None;
            echoed = true;
        }
    }
    echoed
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use ownkey_vault::Secret;

    #[test]
    fn headers_with_a_piece_of_the_key_are_dropped() {
        let key = ProviderKey::new(Secret::from("sk-proj-abcdefghijklmnop".to_owned())).unwrap();
        let mut head = HeaderMap::new();
        head.insert("x-request-id", HeaderValue::from_static("req_cdefghijklmn"));
        head.insert("x-fine", HeaderValue::from_static("req_cdefghijkl"));
        drop_from_headers(&mut head, &key);
        assert_eq!(head.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["x-fine"]);
        let mut served = Served { model: Some("sk-proj-abcdefgh".to_owned()), ..Served::unknown() };
        assert!(drop_from_served(&mut served, &key));
        assert_eq!(served.model, None);
    }

    #[test]
    fn a_piece_is_found_wherever_it_stands_and_a_shorter_one_is_none() {
        let text = "sk-proj-abcdefghijklmnop";
        let key = ProviderKey::new(Secret::from(text.to_owned())).unwrap();
        for (before, start) in (0..ECHO_LEN).flat_map(|before| (0..=text.len() - ECHO_LEN).map(move |at| (before, at)))
        {
            let within = |piece: &str| format!("{}{piece}?", "?".repeat(before));
            let behind_blanks = |piece: &str| format!("{} {piece}, x", "? ".repeat(before));
            for around in [&within as &dyn Fn(&str) -> String, &behind_blanks] {
                assert!(echoes(&key, around(&text[start..start + ECHO_LEN]).as_bytes()));
                assert!(!echoes(&key, around(&text[start..start + ECHO_LEN - 1]).as_bytes()));
            }
        }
    }
}

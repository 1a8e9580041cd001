//! What a model name says by its form: a dated snapshot, a fine-tune.

/// The id without a trailing `-YYYYMMDD` or `-YYYY-MM-DD`.
pub(super) fn without_date(id: &str) -> Option<&str> {
    let is_date = |tail: &str, dashes: &[usize]| {
        tail.bytes().enumerate().all(|(i, b)| if dashes.contains(&i) { b == b'-' } else { b.is_ascii_digit() })
    };
    [(9, &[0][..]), (11, &[0, 5, 8][..])].into_iter().find_map(|(len, dashes)| {
        let at = id.len().checked_sub(len)?;
        let tail = id.get(at..)?;
        is_date(tail, dashes).then(|| &id[..at])
    })
}

/// The model that a fine-tune (`ft:MODEL:…`) was made from.
fn tuned_from(id: &str) -> Option<&str> {
    let rest = id.get(..3).filter(|start| start.eq_ignore_ascii_case("ft:")).and_then(|_| id.get(3..))?;
    Some(rest.split(':').next().unwrap_or(rest))
}

/// The name and the names that it is a form of. A gate on any of them is a gate on it.
pub(super) fn readings(id: &str) -> impl Iterator<Item = &str> {
    let own = [Some(id), tuned_from(id)];
    own.into_iter().flatten().flat_map(|name| [Some(name), without_date(name)]).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_of_names() {
        let all = |id| readings(id).collect::<Vec<_>>();
        assert_eq!(all("gpt-4o"), ["gpt-4o"]);
        assert_eq!(all("o3-mini-2025-01-31"), ["o3-mini-2025-01-31", "o3-mini"]);
        assert_eq!(
            all("ft:o3-mini-2025-01-31:acme::x"),
            ["ft:o3-mini-2025-01-31:acme::x", "o3-mini-2025-01-31", "o3-mini"]
        );
        assert_eq!(all("FT:x"), ["FT:x", "x"]);
        for odd in ["", "-", "ft", "ft:", "é", "gpt-4o-é9991231"] {
            assert_eq!(all(odd)[0], odd);
        }
    }
}

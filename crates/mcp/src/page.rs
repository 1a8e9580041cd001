//! Pages of what the API answers whole. Answers are read by models, and a long list would fill their context.

use serde_json::{Value, json};

/// A page's most items.
pub(crate) const PAGE_MAX: u64 = 100;
/// Its items unless said otherwise.
const PAGE: usize = 50;

/// A page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    from: usize,
    limit: usize,
}

impl Page {
    /// The first one.
    pub(crate) const FIRST: Self = Self { from: 0, limit: PAGE };

    /// The one that a cursor of ours names, or the first.
    pub(crate) fn read(cursor: Option<&str>, limit: Option<&str>) -> Option<Self> {
        let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let from = cursor.map_or(Some(0), number)?;
        let limit = limit.map_or(Some(PAGE), number)?;
        Some(Self { from, limit })
    }

    /// Leaves that page of the answer's list, with the cursor of the next one.
    pub(crate) fn cut(self, answer: &mut Value) -> Option<String> {
        let listed = answer.get_mut("data").and_then(Value::as_array_mut)?;
        let end = self.from.saturating_add(self.limit);
        let next = (end < listed.len()).then(|| end.to_string());
        listed.truncate(end);
        listed.drain(..self.from.min(listed.len()));
        if let Some(members) = answer.as_object_mut() {
            members.insert("next_cursor".to_owned(), json!(next));
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut answer = json!({"data": (0..7).collect::<Vec<_>>()});
            cursor = Page::read(cursor.as_deref(), Some("3")).unwrap().cut(&mut answer);
            seen.push(answer["data"].as_array().unwrap().len());
            assert_eq!(answer["next_cursor"], json!(cursor));
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, [3, 3, 1]);
        let mut past = json!({"data": [1]});
        assert_eq!(Page::read(Some("9"), None).unwrap().cut(&mut past), None);
        assert_eq!(past["data"], json!([]));
        for odd in ["", "x", "-1", "+1", "99999999999999999999999"] {
            assert_eq!(Page::read(Some(odd), None), None, "{odd}");
        }
    }
}

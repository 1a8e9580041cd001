//! Pages of lists. Every list goes by id, newest first, so a page starts after the last id of the one before.

/// Part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Whether there are older ones; ask for them with the last item's id.
    pub more: bool,
}

impl<T> Page<T> {
    /// A page out of `limit + 1` items or fewer: the one too many only tells that there are more.
    pub(crate) fn of(mut items: Vec<T>, limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        Self { items, more }
    }
}

/// How many rows to ask for, to learn whether there are more.
pub(crate) fn rows(limit: u32) -> i64 {
    i64::from(limit) + 1
}

//! Lists in pages. A cursor is the place of a page's last item behind the name of its list: opaque to callers, and of
//! no use elsewhere, since each list reads its own workspace's rows only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::problem::Problem;
use crate::query::Params;

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// The lists that have pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum List {
    Workspaces = 1,
    ApiKeys = 2,
    Requests = 3,
    Audit = 4,
    Ledger = 5,
    Grants = 6,
    OperatorWorkspaces = 7,
    Connections = 8,
    WebhookMessages = 9,
}

/// The place of an item in its list: its id or number.
pub(crate) type Place = u128;

/// The page asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    list: List,
    /// The most items.
    pub(crate) limit: u32,
    /// The place of the last item of the page before.
    pub(crate) before: Option<Place>,
}

/// A page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Listing<T> {
    /// The items, newest first.
    data: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

/// The parameters of every list.
#[expect(dead_code, reason = "says in OpenAPI what `Page::take` reads")]
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// The most items, 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl Page {
    /// Takes `limit` and `cursor`. A limit above the most is the most.
    pub(crate) fn take(list: List, params: &mut Params) -> Result<Self, Problem> {
        let limit = params.read("limit", "a number of 1 or more", |text| text.parse().ok().filter(|&n: &u32| n > 0))?;
        let before = params.read("cursor", "a `next_cursor` of this list", |text| decode(list, text))?;
        Ok(Self { list, limit: limit.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX), before })
    }

    /// Renders a page of the store.
    pub(crate) fn listing<R, T>(
        &self,
        page: ownkey_store::Page<R>,
        place: impl Fn(&R) -> Place,
        show: impl Fn(R) -> T,
    ) -> Listing<T> {
        let last = page.items.last().map(place).filter(|_| page.more);
        let next_cursor = last.map(|place| encode(self.list, place));
        Listing { data: page.items.into_iter().map(show).collect(), next_cursor }
    }
}

impl<T> Listing<T> {
    /// A list that is short by nature.
    pub(crate) fn whole(data: Vec<T>) -> Self {
        Self { data, next_cursor: None }
    }
}

fn encode(list: List, place: Place) -> String {
    let mut bytes = vec![list as u8];
    bytes.extend_from_slice(&place.to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(list: List, text: &str) -> Option<Place> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (&tag, place) = bytes.split_first()?;
    let place = Place::from_be_bytes(place.try_into().ok()?);
    Some(place).filter(|_| tag == list as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_of_one_list() {
        let cursor = encode(List::Requests, 7);
        assert_eq!(decode(List::Requests, &cursor), Some(7));
        assert_eq!(decode(List::Audit, &cursor), None);
        for text in ["", "x", "!", "AAAA", &cursor[1..]] {
            assert_eq!(decode(List::Requests, text), None, "{text}");
        }
    }

    #[test]
    fn the_last_page_has_no_cursor() {
        let page = Page { list: List::Requests, limit: 2, before: None };
        let listing = |more| page.listing(ownkey_store::Page { items: vec![9, 8], more }, |&n: &u128| n, |n| n);
        assert_eq!(listing(true).next_cursor, Some(encode(List::Requests, 8)));
        assert_eq!(listing(false).next_cursor, None);
        assert_eq!(listing(false).data, [9, 8]);
    }
}

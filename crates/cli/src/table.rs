//! Tables for people.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde_json::Value;

/// One row a line under its headings, each column as wide as it must be.
pub(crate) fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(headings.to_vec());
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// The rows of a list of the API, each with the values at these places.
pub(crate) fn rows(list: &Value, places: &[&str]) -> Vec<Vec<String>> {
    let items = list.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    items.iter().map(|item| places.iter().map(|place| cell(item, place)).collect()).collect()
}

/// A value at a place, as people read it.
pub(crate) fn cell(item: &Value, place: &str) -> String {
    match item.pointer(place) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(Value::String(text)) => plain(text),
        Some(other) => other.to_string(),
    }
}

/// Text that can't steer a terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rows_stand_under_their_headings() {
        let list = json!({"data": [
            {"id": "gpt-4o", "usable": true, "reason": null},
            {"id": "a\u{1b}[31mb", "usable": false, "reason": {"code": "byok_required"}},
        ]});
        let text = table(&["MODEL", "USABLE", "WHY"], rows(&list, &["/id", "/usable", "/reason/code"]));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines, ["MODEL    USABLE  WHY", "gpt-4o   yes     -", "a [31mb  no      byok_required"]);
    }
}

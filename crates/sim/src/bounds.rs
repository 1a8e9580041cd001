//! The bounds a schema sets on numbers, texts and lists.

use serde_json::Value;

use crate::schema::{Fault, Measure};

/// Says which bound of the schema the value breaks.
pub fn check(schema: &Value, value: &Value) -> Result<(), Fault> {
    match value {
        Value::Number(number) => match number.as_u64() {
            Some(whole) => most(schema, "maximum", Measure::Whole, whole),
            None => Ok(()),
        }
        .and_then(|()| number_bounds(schema, number.as_f64().unwrap_or_default()).map_err(Fault::Bound)),
        Value::String(text) => most(schema, "maxLength", Measure::Text, text.chars().count() as u64)
            .and_then(|()| text_bounds(schema, text).map_err(Fault::Bound)),
        Value::Array(items) => list_bounds(schema, items.len() as u64).map_err(Fault::Bound),
        Value::Object(members) => most(schema, "maxProperties", Measure::Members, members.len() as u64),
        _ => Ok(()),
    }
}

/// Says which bound on names of members a name breaks.
pub fn name(schema: &Value, name: &str) -> Result<(), Fault> {
    let Some(names) = schema.get("propertyNames") else { return Ok(()) };
    most(names, "maxLength", Measure::Name, name.chars().count() as u64)
}

fn most(schema: &Value, bound: &str, of: Measure, found: u64) -> Result<(), Fault> {
    match schema.get(bound).and_then(Value::as_u64).filter(|most| found > *most) {
        Some(most) => Err(Fault::Excess(of, most, found)),
        None => Ok(()),
    }
}

fn number_bounds(schema: &Value, value: f64) -> Result<(), String> {
    let bound = |name| schema.get(name).and_then(Value::as_f64);
    match (bound("minimum"), bound("maximum"), bound("exclusiveMinimum")) {
        (Some(least), _, _) if value < least => Err(format!("Input should be greater than or equal to {least}")),
        (_, Some(most), _) if value > most => Err(format!("Input should be less than or equal to {most}")),
        (_, _, Some(above)) if value <= above => Err(format!("Input should be greater than {above}")),
        _ => Ok(()),
    }
}

fn text_bounds(schema: &Value, text: &str) -> Result<(), String> {
    let bound = |name| schema.get(name).and_then(Value::as_u64);
    if let Some(least) = bound("minLength").filter(|least| (text.chars().count() as u64) < *least) {
        return Err(format!("String should have at least {least} character{}", plural(least)));
    }
    match schema.get("pattern").and_then(Value::as_str) {
        Some(pattern) if !matches(pattern, text) => Err(format!("String should match pattern '{pattern}'")),
        _ => Ok(()),
    }
}

fn list_bounds(schema: &Value, length: u64) -> Result<(), String> {
    let bound = |name| schema.get(name).and_then(Value::as_u64);
    if let Some(least) = bound("minItems").filter(|least| length < *least) {
        return Err(format!("List should have at least {least} item{} after validation, not {length}", plural(least)));
    }
    match bound("maxItems").filter(|most| length > *most) {
        Some(most) => {
            Err(format!("List should have at most {most} item{} after validation, not {length}", plural(most)))
        }
        None => Ok(()),
    }
}

/// `s`, unless there is one.
pub fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Patterns of the form `^[class]+$` and `^[class]{m,n}$`, the ones requests
/// meet in names and ids; any other pattern lets everything pass.
fn matches(pattern: &str, text: &str) -> bool {
    let inner = pattern.strip_prefix("^[").and_then(|rest| rest.strip_suffix('$'));
    let Some((class, count)) = inner.and_then(|inner| inner.split_once(']')) else { return true };
    if class.contains('\\') {
        return true;
    }
    let (least, most) = match count {
        "+" => (1, usize::MAX),
        _ => match count.strip_prefix('{').and_then(|c| c.strip_suffix('}')).and_then(|c| c.split_once(',')) {
            Some((least, most)) => (least.parse().unwrap_or(0), most.parse().unwrap_or(usize::MAX)),
            None => return true,
        },
    };
    let length = text.chars().count();
    (least..=most).contains(&length) && text.chars().all(|found| in_class(class, found))
}

fn in_class(class: &str, found: char) -> bool {
    let class: Vec<char> = class.chars().collect();
    let mut i = 0;
    while let Some(&start) = class.get(i) {
        match (class.get(i + 1), class.get(i + 2)) {
            (Some('-'), Some(&end)) => {
                if (start..=end).contains(&found) {
                    return true;
                }
                i += 3;
            }
            _ if start == found => return true,
            _ => i += 1,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn name_patterns() {
        assert!(matches("^[a-zA-Z0-9_-]{1,64}$", "get_weather-2"));
        assert!(!matches("^[a-zA-Z0-9_-]{1,64}$", "get weather"));
        assert!(!matches("^[a-zA-Z0-9_-]{1,3}$", "abcd"));
        assert!(matches("(?:anything)", "else"));
    }
}

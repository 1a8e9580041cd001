//! Checks requests against the providers' published schemas and says what is
//! wrong and where, so that each provider can word it in its own way.
//!
//! This is a small walker and not a general validator: a general one says
//! that no branch of a union matched, while the providers name the member.

use serde_json::{Map, Value};

/// One step of the way to a member.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A member of an object.
    Key(String),
    /// An item of an array.
    Index(usize),
    /// The chosen branch of a tagged union; only Anthropic names it.
    Tag(String),
}

/// What is wrong with a member.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// A required member is not there.
    Missing,
    /// The schema knows no such member.
    Extra,
    /// Another JSON type is wanted: the wanted types and the one found.
    Type(Vec<String>, &'static str),
    /// Not one of the listed values.
    Value(Vec<String>, String),
    /// The tag of a union is unknown: tag member, value found, known values.
    Tag(String, String, Vec<String>),
    /// A bound is broken: in words.
    Bound(String),
    /// There is more of something than may be: the most, and what there is.
    Excess(Measure, u64, u64),
}

/// What may be too much of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Characters of a text.
    Text,
    /// Characters of a member's name.
    Name,
    /// Members of an object.
    Members,
    /// A whole number itself.
    Whole,
}

/// The first fault found in a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Where.
    pub path: Vec<Step>,
    /// What.
    pub fault: Fault,
}

/// A set of named schemas.
pub struct Schemas {
    defs: Map<String, Value>,
    /// Members a schema does not name are refused even where it does not say
    /// so: OpenAI's description leaves this out, its service does not.
    closed: bool,
}

type Checked = Result<(), Problem>;

impl Schemas {
    /// Reads `{"$defs": …}`.
    pub fn parse(text: &str, closed: bool) -> Self {
        let mut root: Value = serde_json::from_str(text).unwrap_or_default();
        let defs = match root.get_mut("$defs").map(Value::take) {
            Some(Value::Object(defs)) => defs,
            _ => Map::new(),
        };
        Self { defs, closed }
    }

    /// Whether a schema of that name was read.
    pub fn knows(&self, name: &str) -> bool {
        self.defs.contains_key(name)
    }

    /// Checks a value against a named schema.
    pub fn check(&self, name: &str, value: &Value) -> Checked {
        match self.defs.get(name) {
            Some(schema) => self.walk(schema, value, &mut Vec::new()),
            None => Ok(()),
        }
    }

    /// A parameter of a query as the value that the schema wants, or as the text it is if it is none.
    pub fn read(&self, query: &str, name: &str, text: &str) -> Value {
        let wanted = self.parameter(query, name);
        let kind = wanted.and_then(|schema| schema.get("type")).and_then(Value::as_str);
        let parsed = serde_json::from_str::<Value>(text).ok();
        let fits = |value: &Value| match kind {
            Some("integer") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            _ => false,
        };
        parsed.filter(fits).unwrap_or_else(|| Value::from(text))
    }

    /// What a parameter of a query is before anything of it was read.
    pub fn empty(&self, query: &str, name: &str) -> Value {
        let Some(schema) = self.parameter(query, name) else { return Value::Null };
        let is_map = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "object");
        let branches = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
        if schema.get("type").is_some_and(|kind| kind == "array") {
            Value::Array(Vec::new())
        } else if is_map(schema) || branches.into_iter().any(is_map) {
            Value::Object(Map::new())
        } else {
            Value::Null
        }
    }

    fn parameter(&self, query: &str, name: &str) -> Option<&Value> {
        let schema = self.defs.get(query)?.get("properties")?.get(name)?;
        Some(self.resolve(schema))
    }

    fn resolve<'a>(&'a self, mut schema: &'a Value) -> &'a Value {
        while let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            match self.defs.get(name.trim_start_matches("#/$defs/")) {
                Some(found) => schema = found,
                None => break,
            }
        }
        schema
    }

    fn walk(&self, schema: &Value, value: &Value, path: &mut Vec<Step>) -> Checked {
        let schema = self.resolve(schema);
        if let Some(branches) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
            self.union(schema, branches, value, path)?;
        }
        right_type(schema, value, path)?;
        listed(schema, value, path)?;
        crate::bounds::check(schema, value).map_err(|fault| problem(path, fault))?;
        match value {
            Value::Object(members) => self.object(schema, members, path),
            Value::Array(items) => self.array(schema, items, path),
            _ => Ok(()),
        }
    }

    fn array(&self, schema: &Value, items: &[Value], path: &mut Vec<Step>) -> Checked {
        let Some(of) = schema.get("items") else { return Ok(()) };
        for (index, item) in items.iter().enumerate() {
            path.push(Step::Index(index));
            self.walk(of, item, path)?;
            path.pop();
        }
        Ok(())
    }

    fn object(&self, schema: &Value, members: &Map<String, Value>, path: &mut Vec<Step>) -> Checked {
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            if !members.contains_key(name) {
                return Err(at(path, name, Fault::Missing));
            }
        }
        for name in members.keys() {
            crate::bounds::name(schema, name).map_err(|fault| at(path, name, fault))?;
        }
        let known = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        let refuse = others == Some(&Value::Bool(false)) || (self.closed && others.is_none() && known.is_some());
        for (name, value) in members {
            let of = known.and_then(|known| known.get(name));
            if of.is_none() && refuse && !tolerated(self.closed, name) {
                return Err(at(path, name, Fault::Extra));
            }
            if let Some(of) = of.or_else(|| others.filter(|others| others.is_object())) {
                path.push(Step::Key(name.clone()));
                self.walk(of, value, path)?;
                path.pop();
            }
        }
        Ok(())
    }

    fn union(&self, schema: &Value, branches: &[Value], value: &Value, path: &mut Vec<Step>) -> Checked {
        if let Some(checked) = self.tagged(schema, branches, value, path) {
            return checked;
        }
        let depth = path.len();
        let mut best: Option<Problem> = None;
        let mut wanted = Vec::new();
        for branch in branches {
            path.truncate(depth);
            let Err(found) = self.walk(branch, value, path) else { return Ok(()) };
            // A branch of the right type tells more than one of a wrong type.
            match &found.fault {
                Fault::Type(types, _) if found.path.len() == depth => wanted.extend(types.clone()),
                _ => best = best.filter(|best| best.path.len() >= found.path.len()).or(Some(found)),
            }
        }
        path.truncate(depth);
        Err(best.unwrap_or_else(|| problem(path, Fault::Type(wanted, kind(value)))))
    }

    /// The branch a tag selects, if the union has a tag and the value one.
    fn tagged(&self, schema: &Value, branches: &[Value], value: &Value, path: &mut Vec<Step>) -> Option<Checked> {
        let members = value.as_object()?;
        let tag = schema.pointer("/discriminator/propertyName").and_then(Value::as_str);
        let declared = tag.is_some();
        let tag = tag.unwrap_or("type");
        let known: Vec<String> = branches.iter().flat_map(|branch| self.tags(branch, tag)).collect();
        let Some(found) = members.get(tag).filter(|found| !found.is_null()) else {
            let needed = declared && !known.is_empty() && !branches.iter().any(|branch| self.may_lack(branch, tag));
            return needed.then(|| Err(at(path, tag, Fault::Missing)));
        };
        let found = found.as_str().unwrap_or_default().to_owned();
        let mut first = None;
        for branch in branches.iter().filter(|branch| self.tags(branch, tag).contains(&found)) {
            path.push(Step::Tag(found.clone()));
            let depth = path.len();
            let checked = self.walk(branch, value, path);
            path.truncate(depth - 1);
            if checked.is_ok() {
                return Some(checked);
            }
            first.get_or_insert(checked);
        }
        match first {
            None if declared => Some(Err(problem(path, Fault::Tag(tag.to_owned(), found, known)))),
            first => first,
        }
    }

    /// The values of a tag that select a branch, or a branch of it if it is a union itself.
    fn tags(&self, branch: &Value, tag: &str) -> Vec<String> {
        let branch = self.resolve(branch);
        if let Some(values) = branch.get("properties").and_then(|properties| properties.get(tag)) {
            return tag_values(values);
        }
        let inner = branch.get("anyOf").or_else(|| branch.get("oneOf")).and_then(Value::as_array).into_iter().flatten();
        inner.flat_map(|inner| self.tags(inner, tag)).collect()
    }

    /// Whether a value of that branch may be without the tag.
    fn may_lack(&self, branch: &Value, tag: &str) -> bool {
        let branch = self.resolve(branch);
        let required = branch.get("required").and_then(Value::as_array).into_iter().flatten();
        branch.get("properties").is_some() && !required.into_iter().any(|name| name == tag)
    }
}

/// Members clients send back from an answer and the service lets pass.
fn tolerated(closed: bool, name: &str) -> bool {
    closed && name == "annotations"
}

fn tag_values(schema: &Value) -> Vec<String> {
    let fixed = schema.get("const").into_iter();
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    fixed.chain(listed).filter_map(Value::as_str).map(str::to_owned).collect()
}

fn problem(path: &[Step], fault: Fault) -> Problem {
    Problem { path: path.to_vec(), fault }
}

fn at(path: &[Step], name: &str, fault: Fault) -> Problem {
    let mut path = path.to_vec();
    path.push(Step::Key(name.to_owned()));
    Problem { path, fault }
}

/// Counts that may be written as `5.0`, which is as whole as `5`.
const COUNTS: [&str; 5] = ["max_tokens", "max_completion_tokens", "max_output_tokens", "n", "best_of"];

/// Writes the counts of a request as whole numbers, where they are.
pub fn whole_numbers(body: &mut Value) {
    for name in COUNTS {
        let Some(count) = body.get_mut(name).filter(|count| count.is_f64() && kind(count) == "integer") else {
            continue;
        };
        let digits = count.as_f64().map(|count| format!("{count:.0}"));
        if let Some(whole) = digits.and_then(|digits| digits.parse::<u64>().ok()) {
            *count = whole.into();
        }
    }
}

/// The JSON type of a value.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn right_type(schema: &Value, value: &Value, path: &[Step]) -> Checked {
    let wanted: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let found = kind(value);
    if wanted.iter().any(|wanted| *wanted == found || (*wanted == "number" && found == "integer")) {
        return Ok(());
    }
    Err(problem(path, Fault::Type(wanted.into_iter().map(str::to_owned).collect(), found)))
}

fn listed(schema: &Value, value: &Value, path: &[Step]) -> Checked {
    let allowed: Vec<&Value> = match (schema.get("const"), schema.get("enum").and_then(Value::as_array)) {
        (Some(one), _) => vec![one],
        (None, Some(several)) => several.iter().collect(),
        (None, None) => return Ok(()),
    };
    if allowed.contains(&value) {
        return Ok(());
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Err(problem(path, Fault::Value(allowed.into_iter().map(text).collect(), text(value))))
}

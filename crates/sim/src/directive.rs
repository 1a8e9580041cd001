//! Oddities a test asks for in the text of the last user message, or in the
//! header `x-sim` of any call: `[[sim:NAME key=value …]]`.

use std::time::Duration;

/// One directive.
#[derive(Clone, Debug, PartialEq)]
struct Directive {
    name: String,
    arguments: Vec<(String, String)>,
}

/// All directives of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directives(Vec<Directive>);

impl Directives {
    /// Takes the directives out of a text; the rest is what was asked.
    pub fn take(text: &str) -> (Self, String) {
        let (mut found, mut rest, mut left) = (Vec::new(), String::new(), text);
        while let Some((before, after)) = left.split_once("[[sim:") {
            let Some((inside, behind)) = after.split_once("]]") else { break };
            rest.push_str(before);
            let mut words = inside.split_whitespace();
            let name = words.next().unwrap_or_default().to_owned();
            let arguments = words.filter_map(|word| word.split_once('='));
            let arguments = arguments.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            found.push(Directive { name, arguments });
            left = behind;
        }
        rest.push_str(left);
        (Self(found), rest.trim().to_owned())
    }

    /// Those of another place too; what is given twice counts as it stood first.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether a directive was given.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|directive| directive.name == name)
    }

    /// An argument of a directive.
    pub fn text(&self, name: &str, key: &str) -> Option<&str> {
        let directive = self.0.iter().find(|directive| directive.name == name)?;
        directive.arguments.iter().find(|(found, _)| found == key).map(|(_, value)| value.as_str())
    }

    /// A number argument of a directive; `default` where the directive was
    /// given without it, nothing where the directive was not given.
    pub fn number(&self, name: &str, key: &str, default: u64) -> Option<u64> {
        self.has(name).then(|| self.text(name, key).and_then(|text| text.parse().ok()).unwrap_or(default))
    }

    /// A number argument, where it was given.
    pub fn given(&self, name: &str, key: &str) -> Option<u64> {
        self.text(name, key)?.parse().ok()
    }

    /// A number argument as a position.
    pub fn count(&self, name: &str, key: &str, default: usize) -> Option<usize> {
        self.number(name, key, default as u64).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// A number argument in milliseconds.
    pub fn pause(&self, name: &str, key: &str, default: u64) -> Option<Duration> {
        self.number(name, key, default).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::Directives;

    #[test]
    fn directives_are_taken_out_of_the_text() {
        let (found, rest) = Directives::take("Hi [[sim:cut after=3]] there [[sim:split]] [[sim:");
        assert_eq!(rest, "Hi  there  [[sim:");
        assert!(found.has("split") && !found.has("hang"));
        assert_eq!(found.number("cut", "after", 1), Some(3));
        assert_eq!(found.number("cut", "else", 1), Some(1));
        assert_eq!(found.number("hang", "after", 1), None);
    }
}

//! The words of a simulated answer: the same request gives the same words.

/// Tokens of so many characters.
pub fn tokens(chars: usize) -> u64 {
    chars.div_ceil(4) as u64
}

/// Tokens of a text.
pub fn count(text: &str) -> u64 {
    tokens(text.chars().count())
}

const WORDS: [&str; 24] = [
    "Grüße",
    "aus",
    "dem",
    "Simulator",
    "🙂",
    "你好",
    "世界",
    "naïve",
    "answers",
    "flow",
    "gently",
    "across",
    "the",
    "wire",
    "—",
    "Übung",
    "macht",
    "den",
    "Meister",
    "🚀",
    "日本語",
    "piece",
    "by",
    "piece",
];

/// How an answer ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// By itself.
    End,
    /// At the limit of tokens.
    Limit,
    /// At a stop sequence of the caller.
    Sequence(String),
    /// To call a tool.
    Tool,
}

/// What bounds the words of an answer.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    /// The most tokens.
    pub limit: Option<u64>,
    /// Texts to stop before.
    pub stops: Vec<String>,
    /// At least so many characters.
    pub least_chars: usize,
    /// This many bytes and no bound, for a huge answer.
    pub huge: Option<usize>,
}

/// The answer to a prompt.
pub fn answer(prompt: &str, bounds: &Bounds) -> (String, Stop) {
    if let Some(bytes) = bounds.huge {
        return (huge(bytes), Stop::End);
    }
    let asked: String = prompt.chars().take(200).collect();
    let mut text = format!("Simulated answer to: {asked}");
    let seed = prompt.bytes().fold(7usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    let mut extra = 12 + seed % 12;
    let mut chars = text.chars().count();
    for word in WORDS.iter().cycle().skip(seed % WORDS.len()) {
        if extra == 0 && chars >= bounds.least_chars {
            break;
        }
        extra = extra.saturating_sub(1);
        text.push(' ');
        text.push_str(word);
        chars += 1 + word.chars().count();
    }
    bounded(text, bounds)
}

/// Cuts a text at the first stop sequence and at the limit.
pub fn bounded(mut text: String, bounds: &Bounds) -> (String, Stop) {
    let mut stop = Stop::End;
    let first = bounds.stops.iter().filter(|stop| !stop.is_empty());
    let first = first.filter_map(|stop| text.find(stop.as_str()).map(|at| (at, stop))).min();
    if let Some((at, sequence)) = first {
        text.truncate(at);
        stop = Stop::Sequence(sequence.clone());
    }
    let limit = bounds.limit.filter(|limit| count(&text) > *limit);
    if let Some(limit) = limit {
        let chars = usize::try_from(limit).unwrap_or(usize::MAX).saturating_mul(4);
        text = text.chars().take(chars).collect();
        stop = Stop::Limit;
    }
    (text, stop)
}

fn huge(bytes: usize) -> String {
    let line = "Simulated answer of great length, Grüße 🙂 你好. ";
    let mut text = line.repeat(bytes / line.len() + 1);
    while text.len() > bytes {
        text.pop();
    }
    text
}

/// Cuts a text into so many pieces of about the same length, at most.
pub fn pieces(text: &str, parts: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let size = chars.len().div_ceil(parts.max(1)).max(1);
    chars.chunks(size).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_prompt_gives_the_same_words() {
        let bounds = Bounds::default();
        assert_eq!(answer("Hello", &bounds), answer("Hello", &bounds));
        assert!(!answer("Hello", &bounds).0.is_ascii());
    }

    #[test]
    fn bounds_stop_an_answer() {
        let limited = answer("Hello", &Bounds { limit: Some(3), ..Bounds::default() });
        assert_eq!(limited, ("Simulated an".to_owned(), Stop::Limit));
        let stopped = answer("Hello", &Bounds { stops: vec!["to:".into()], ..Bounds::default() });
        assert_eq!(stopped, ("Simulated answer ".to_owned(), Stop::Sequence("to:".into())));
        assert_eq!(answer("Hello", &Bounds { huge: Some(1000), ..Bounds::default() }).0.len(), 1000);
    }

    #[test]
    fn pieces_join_to_the_whole() {
        let text = answer("Hello", &Bounds { least_chars: 500, ..Bounds::default() }).0;
        assert_eq!(pieces(&text, 7).concat(), text);
        assert_eq!(pieces(&text, 7).len(), 7);
    }
}

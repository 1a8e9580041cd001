//! Forms with files (`multipart/form-data`). Read strictly: a body that two readers could take apart differently is an
//! error, because what is read here must be what the provider gets.

use std::ops::Range;

use memchr::memmem::{self, Finder};

use crate::route::Route;

/// More parts than any call has.
const FIELDS_MAX: usize = 256;
/// Longer than the head of any part.
const HEAD_LEN_MAX: usize = 4 << 10;
/// Those that leave a value as it is.
const PLAIN_ENCODINGS: [&str; 3] = ["7bit", "8bit", "binary"];
/// RFC 2046 says so.
const BOUNDARY_LEN_MAX: usize = 70;

/// A request body as it came.
#[derive(Debug, Clone, Copy)]
pub struct Payload<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Its content type.
    pub kind: Option<&'a [u8]>,
}

/// The body is no form, or not one that can be read in one way only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadForm;

/// A field of a form.
pub(crate) struct Field<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a [u8],
    pub(crate) is_file: bool,
    /// Where the value is.
    pub(crate) place: Range<usize>,
}

/// Whether such a body of that call is read as a form.
pub(crate) fn is_form(route: &Route, kind: Option<&[u8]>) -> bool {
    let essence = kind.and_then(|kind| kind.split(|b| *b == b';').next()).unwrap_or_default();
    route.is_form() && essence.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data")
}

/// All fields of a form.
pub(crate) fn fields<'a>(bytes: &'a [u8], kind: Option<&[u8]>) -> Result<Vec<Field<'a>>, BadForm> {
    let delimiter = [b"--", boundary(kind.unwrap_or_default())?].concat();
    let places: Vec<usize> = Finder::new(&delimiter).find_iter(bytes).collect();
    if places.first() != Some(&0) || places.len() > FIELDS_MAX {
        return Err(BadForm);
    }
    let mut fields = Vec::new();
    for pair in places.windows(2) {
        let [this, next] = pair else { return Err(BadForm) };
        let part = bytes.get(this + delimiter.len()..*next).ok_or(BadForm)?;
        // Each part ends in the line end that belongs to the delimiter behind it.
        let part = part.strip_prefix(b"\r\n").and_then(|part| part.strip_suffix(b"\r\n")).ok_or(BadForm)?;
        fields.push(field(part, this + delimiter.len() + 2)?);
    }
    let last = places.last().and_then(|last| bytes.get(last + delimiter.len()..)).ok_or(BadForm)?;
    if [&b"--"[..], b"--\r\n"].contains(&last) { Ok(fields) } else { Err(BadForm) }
}

fn boundary(kind: &[u8]) -> Result<&[u8], BadForm> {
    let mut parameters = kind.split(|b| *b == b';').skip(1).map(<[u8]>::trim_ascii);
    let parameter = parameters.next().ok_or(BadForm)?;
    if parameters.next().is_some() {
        return Err(BadForm);
    }
    let (name, value) = split_at(parameter, b"=").ok_or(BadForm)?;
    let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(b);
    let fine = name.eq_ignore_ascii_case(b"boundary")
        && (1..=BOUNDARY_LEN_MAX).contains(&value.len())
        && value.iter().all(plain);
    if fine { Ok(value) } else { Err(BadForm) }
}

/// One part, which begins at that place of the body.
fn field(part: &[u8], at: usize) -> Result<Field<'_>, BadForm> {
    let (head, value) = split_at(part, b"\r\n\r\n").ok_or(BadForm)?;
    if head.len() > HEAD_LEN_MAX {
        return Err(BadForm);
    }
    let head = std::str::from_utf8(head).map_err(|_| BadForm)?;
    let mut disposition = None;
    for line in head.split("\r\n") {
        let (name, value) = head_line(line).ok_or(BadForm)?;
        let is_second = name.eq_ignore_ascii_case("content-disposition") && disposition.replace(value).is_some();
        let is_encoded = name.eq_ignore_ascii_case("content-transfer-encoding")
            && !PLAIN_ENCODINGS.iter().any(|plain| plain.eq_ignore_ascii_case(value));
        if is_second || is_encoded {
            return Err(BadForm);
        }
    }
    let disposition = disposition.ok_or(BadForm)?;
    let (name, is_file) = disposed(disposition).ok_or(BadForm)?;
    let start = at + part.len() - value.len();
    Ok(Field { name, value, is_file, place: start..start + value.len() })
}

/// The name and value of a line of a head. Readers disagree about blanks around names, lines that go on in the next one
/// and other line ends, so that one of them could see a field that the other does not.
fn head_line(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let fine = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic()) && !value.contains(char::is_control);
    fine.then_some((name, value.trim()))
}

/// The name in `form-data; name="…"`, and whether a file name follows. Nothing else may.
fn disposed(value: &str) -> Option<(&str, bool)> {
    let rest = value.strip_prefix("form-data;")?.trim_start().strip_prefix("name=\"")?;
    let (name, rest) = rest.split_once('"')?;
    if name.is_empty() || name.contains(['\\', '%', '\r', '\n']) {
        return None;
    }
    if rest.is_empty() {
        return Some((name, false));
    }
    let rest = rest.strip_prefix(';')?.trim_start().strip_prefix("filename=\"")?;
    let (_, rest) = rest.split_once('"')?;
    let again = rest.strip_prefix(';').map(str::trim_start).and_then(|rest| rest.strip_prefix("filename*="));
    let is_all = rest.is_empty() || again.is_some_and(|again| !again.contains([';', '"']));
    is_all.then_some((name, true))
}

fn split_at<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::find(bytes, separator)?;
    Some((&bytes[..at], &bytes[at + separator.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KIND: &[u8] = b"multipart/form-data; boundary=X";

    fn read(body: &str) -> Result<Vec<(String, String, bool)>, BadForm> {
        let fields = fields(body.as_bytes(), Some(KIND))?;
        let told = |field: Field<'_>| {
            assert_eq!(&body.as_bytes()[field.place.clone()], field.value);
            (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned(), field.is_file)
        };
        Ok(fields.into_iter().map(told).collect())
    }

    fn part(disposition: &str, value: &str) -> String {
        format!("--X\r\nContent-Disposition: {disposition}\r\n\r\n{value}\r\n")
    }

    #[test]
    fn fields_and_files() {
        let file = "form-data; name=\"file\"; filename=\"a b.wav\"\r\nContent-Type: audio/wav";
        let body = [&part("form-data; name=\"model\"", "whisper-1"), &part(file, "a\r\n\r\nb"), "--X--\r\n"].concat();
        let expected = [("model", "whisper-1", false), ("file", "a\r\n\r\nb", true)];
        assert_eq!(read(&body).unwrap(), expected.map(|(name, value, is_file)| (name.into(), value.into(), is_file)));
        assert_eq!(read("--X--").unwrap(), []);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let good = part("form-data; name=\"model\"", "a");
        for body in [
            String::new(),
            good.clone(),
            format!("preamble\r\n{good}--X--"),
            format!("{good}--X--\r\nepilogue"),
            format!("{good}--XY--"),
            format!("{}--X--", good.replace("\r\n--", "\n--").replace("a\r\n", "a\n")),
            format!("{}--X--", part("form-data; name=model", "a")),
            format!("{}--X--", part("form-data; name=\"mo\\del\"", "a")),
            format!("{}--X--", part("form-data; name=\"a\"; name=\"model\"", "a")),
            format!("{}--X--", part("form-data; name=\"a\"; filename=\"b\"; name=\"model\"", "a")),
            format!("{}--X--", part("form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"", "a")),
            format!("{}--X--", part("form-data; name=\"a\"; filename=\"b\";name=\"model\"", "a")),
            format!("{}--X--", part("attachment; name=\"model\"", "a")),
            format!("{}--X--", part("form-data; name=\"a\"\r\n ; name=\"model\"", "a")),
            format!("{}--X--", part("form-data; name=\"a\"\r\nContent-Disposition : form-data; name=\"b\"", "a")),
            format!("{}--X--", part("form-data; name=\"a\"\r\nx: y\nContent-Disposition: form-data; name=\"b\"", "a")),
            format!("{}--X--", part("form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64", "YQ==")),
        ] {
            assert_eq!(read(&body), Err(BadForm), "{body:?}");
        }
        for kind in
            ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=X; boundary=Y"]
        {
            assert!(fields(format!("{good}--X--").as_bytes(), Some(kind.as_bytes())).is_err(), "{kind}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(pieces in prop::collection::vec(prop::sample::select(vec!["--X", "--", "\r\n", "Content-Disposition: form-data; name=\"", "a", "\"", ":", ";"]), 0..20)) {
            let _ = read(&pieces.concat());
        }
    }
}

//! Forms with files (`multipart/form-data`). Read strictly: a body that two readers could take apart differently is an
//! error, because what is read here must be what the provider gets.

mod scan;

use std::ops::Range;

use crate::route::Route;
pub(crate) use scan::Scan;

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
    pub(crate) name: String,
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
    let mut scan = Scan::of(kind.unwrap_or_default())?;
    scan.feed(bytes)?;
    scan.end()?;
    Ok(scan.parts().iter().filter_map(|part| part.within(bytes)).collect())
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
            (field.name, String::from_utf8_lossy(field.value).into_owned(), field.is_file)
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
        // As .NET writes them.
        let file = "form-data; name=file; filename=a.wav; filename*=utf-8''a.wav";
        let bare = [&part("form-data; name=model", "whisper-1"), &part(file, "a\r\n\r\nb"), "--X--\r\n"].concat();
        assert_eq!(read(&bare).unwrap(), read(&body).unwrap());
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
            format!("{}--X--", part("form-data; name=", "a")),
            format!("{}--X--", part("form-data; name=mo\"del\"", "a")),
            format!("{}--X--", part("form-data; name=a b", "a")),
            format!("{}--X--", part("form-data; name=a;name=model", "a")),
            format!("{}--X--", part("form-data; name=\"a\"; filename*=utf-8''b", "a")),
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

    /// What is told of a body that comes in pieces is what is told of all of it.
    #[test]
    fn a_form_reads_the_same_however_it_comes() {
        let body = [
            &part("form-data; name=\"model\"", "whisper-1"),
            &part("form-data; name=\"file\"; filename=\"a\"", "\r\n--Y\r\n-\r\n"),
            &part("form-data; name=\"n\"", ""),
            "--X--\r\n",
        ]
        .concat();
        let whole = read(&body).unwrap();
        for at in 0..body.len() {
            let mut scan = Scan::of(KIND).unwrap();
            scan.feed(&body.as_bytes()[..at]).unwrap();
            assert!(at > body.len() - 3 || scan.end().is_err(), "{at}");
            scan.feed(&body.as_bytes()[at..]).unwrap();
            scan.end().unwrap();
            let names = scan.parts().iter().map(|part| part.within(body.as_bytes()).unwrap().name);
            assert!(names.eq(whole.iter().map(|(name, ..)| name.clone())), "{at}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(pieces in prop::collection::vec(prop::sample::select(vec!["--X", "--", "\r\n", "Content-Disposition: form-data; name=\"", "a", "\"", ":", ";"]), 0..20)) {
            let _ = read(&pieces.concat());
        }
    }
}

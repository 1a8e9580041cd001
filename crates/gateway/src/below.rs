//! What follows the part of a path that says where a call goes.

use ownkey_domain::platform_key;
use percent_encoding::percent_decode_str;

use crate::error::Error;

/// Makes sure that it stays below that, whoever reads it, and that with the query it holds no platform key.
pub fn check(rest: &str, query: Option<&str>) -> Result<(), Error> {
    let mut segments = rest.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if !stays(segment) || (segment.is_empty() && !is_last) {
            return Err(Error::bad_request(
                "The path must not go on with empty or dotted segments, or encoded slashes and dots.",
            ));
        }
    }
    let query: Vec<u8> = percent_decode_str(query.unwrap_or_default()).collect();
    if platform_key::appears_in(&query) || platform_key::appears_in(rest.as_bytes()) {
        return Err(Error::bad_request("The path or query holds a platform key. Send it in a header."));
    }
    Ok(())
}

/// Whether a segment is one to every reader: also to those that decode it, and to those that do so twice.
fn stays(segment: &str) -> bool {
    let once: Vec<u8> = percent_decode_str(segment).collect();
    let twice: Vec<u8> = percent_encoding::percent_decode(&once).collect();
    [once, twice].iter().all(|read| {
        let is_dots = matches!(read.as_slice(), b"." | b"..");
        // Some servers take what follows a semicolon for a parameter of the segment.
        let is_dotted = read.starts_with(b".;") || read.starts_with(b"..;");
        !is_dots && !is_dotted && !read.iter().any(|b| matches!(b, b'/' | b'\\') || b.is_ascii_control())
    })
}

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn used(measure: &Measure, pieces: &[&[u8]]) -> Option<u64> {
    let mut meter = measure.meter(Bound { most: 99, untold: 99, least: 1 }, true);
    pieces.iter().for_each(|piece| meter.feed(piece));
    meter.finish()
}

fn measured(measure: &Measure, body: &[u8]) -> Result<Bound, Unmeasured> {
    measure.bound(Payload { bytes: body, kind: Some(b"multipart/form-data; boundary=X") })
}

fn listed(list: Option<&str>, body: &[u8]) -> Option<u64> {
    used(&Measure::Items { list: list.map(str::to_owned), most: 9 }, &[body])
}

#[test]
fn characters_are_unicode_scalar_values_of_one_member() {
    let measure = Measure::Characters("input".to_owned());
    let bound = |body: &str| measured(&measure, body.as_bytes()).ok().map(|bound| bound.most);
    assert_eq!(bound(r#"{"voice":"alloy","input":"Grüße 🎧"}"#), Some(7));
    assert_eq!(bound(r#"{"input":"\ud83c\udfa7e\u0301"}"#), Some(3), "escapes are read, accents of their own count");
    assert_eq!(bound(r#"{"input":["ab","c"]}"#), Some(3));
    assert_eq!(bound(r#"{"input":""}"#), Some(0));
    for bad in ["", "{}", "[]", r#"{"input":1}"#, r#"{"input":"a","input":"bb"}"#, r#"{"input":"a"} {}"#, "\u{0}"] {
        assert_eq!(bound(bad), None, "{bad}");
    }
    assert!(measured(&measure, b"").unwrap_err().to_string().contains("`input`"));
}

#[test]
fn requests_bound_what_answers_will_tell() {
    let bound = |measure: Measure, bytes: usize| measured(&measure, &vec![b' '; bytes]).unwrap();
    assert_eq!(bound(Measure::Calls, 5_000), Bound::exactly(1));
    assert_eq!(bound(Measure::Tokens, 1_000), Bound::exactly(516));
    assert_eq!(bound(Measure::Items { list: None, most: 25 }, 0), Bound { most: 25, untold: 25, least: 1 });
}

#[test]
fn sound_is_set_aside_for_as_long_as_it_can_last() {
    let lasting = |lasting, body: &[u8]| measured(&Measure::Seconds(lasting), body).map(|bound| bound.most);
    let seconds = |body: &[u8]| lasting(Lasting::TheSoundSent, body);
    let of = |head: &[u8], length: usize| [head, &vec![0; length - head.len()][..]].concat();
    let (mp3, packed) = (of(&[0xFF, 0xFB, 0x90, 0x00], 6_000), of(b"#!AMR\n", 6_000));
    let form = |files: &[&[u8]]| {
        let part = b"--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
        let files: Vec<u8> = files.iter().flat_map(|file| [&part[..], file, b"\r\n"].concat()).collect();
        [&b"--X\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\na\r\n"[..], &files, b"--X--\r\n"].concat()
    };
    assert_eq!([seconds(&mp3), seconds(&form(&[&mp3])), seconds(&form(&[&mp3, &mp3]))], [Ok(6), Ok(6), Ok(12)]);
    // What is charged if nobody tells: what the frames last.
    let untold = |body: &[u8]| {
        measured(&Measure::Seconds(Lasting::TheSoundSent), body).map(|bound| (bound.most, bound.untold, bound.least))
    };
    assert_eq!([untold(&mp3), untold(&form(&[&mp3, &mp3]))], [Ok((6, 1, 1)), Ok((12, 2, 2))]);
    // What is no sound, or of any length, is as long as the operator says that it can be, and nothing if he does not say.
    let json = br#"{"url":"https://example.com/hours.mp3"}"#;
    for boundless in [packed.clone(), form(&[&packed]), form(&[&mp3, &packed]), form(&[]), json.to_vec(), Vec::new()] {
        assert_eq!(seconds(&boundless), Err(Unmeasured::Seconds));
        assert_eq!(lasting(Lasting::AtMost(600), &boundless), Ok(600));
    }
    assert_eq!([600, 5].map(|most| lasting(Lasting::AtMost(most), &mp3)), [Ok(6), Ok(5)]);
    assert_eq!([&mp3[..], &packed].map(|body| lasting(Lasting::Undeclared, body)), [Ok(6), Ok(UNDECLARED_SECONDS)]);
}

#[test]
fn tokens_and_seconds_are_what_answers_say() {
    let tokens = |usage: Value| used(&Measure::Tokens, &[json!({"data": [1], "usage": usage}).to_string().as_bytes()]);
    assert_eq!(tokens(json!({"prompt_tokens": 8, "total_tokens": 9})), Some(9));
    assert_eq!(tokens(json!({"input_tokens": 8, "output_tokens": 4})), Some(12));
    assert_eq!(tokens(json!({"prompt_tokens": 8})), Some(8));
    assert_eq!(tokens(json!({"total_tokens": -1})), None);
    assert_eq!(tokens(json!({"total_tokens": u64::MAX})), None, "nobody believes that");
    let seconds = |answer: Value| used(&Measure::Seconds(Lasting::TheSoundSent), &[answer.to_string().as_bytes()]);
    assert_eq!(seconds(json!({"usage": {"type": "duration", "seconds": 9}})), Some(9));
    assert_eq!(seconds(json!({"duration": 8.470000267})), Some(9));
    assert_eq!(seconds(json!({"duration": "8.00"})), Some(8));
    assert_eq!(seconds(json!({"duration": 1e30})), None);
    assert_eq!(seconds(json!({"text": "hello"})), None);
    assert_eq!(
        seconds(json!({"usage": {"type": "tokens", "input_tokens": 9, "total_tokens": 12}})),
        None,
        "no seconds"
    );
}

#[test]
fn an_answer_that_is_not_whole_tells_nothing() {
    assert_eq!(used(&Measure::Tokens, &[br#"{"usage":{"total_tokens":3},"data":["#]), None);
    assert_eq!(used(&Measure::Seconds(Lasting::TheSoundSent), &[br#"{"duration":12"#]), None);
    assert_eq!(listed(Some("results"), br#"{"results":[1,2],"#), None);
    let unreadable = Measure::Tokens.meter(Bound::exactly(7), false);
    assert_eq!(unreadable.finish(), None);
    assert_eq!(Measure::Calls.meter(Bound::exactly(1), false).finish(), Some(1));
}

#[test]
fn items_are_counted_where_the_configuration_says() {
    let results = Some("results");
    assert_eq!(listed(None, b" [1, [2,3], {\"a\":[4,5]}, \"x,y\"] "), Some(4));
    assert_eq!(listed(None, b"[]"), Some(0));
    assert_eq!(listed(None, b"{\"a\":[1]}"), None);
    assert_eq!(listed(results, br#"{"n":[1,2,3],"results":[{"results":[9,9,9]},"a\",b"]}"#), Some(2));
    assert_eq!(listed(results, br#"{"x":{"results":[1]}}"#), None);
    assert_eq!(listed(results, br#"{"results":{"0":1}}"#), None);
    assert_eq!(listed(results, br#"{"resultsets":[1],"result":[1],"results":[ ]}"#), Some(0));
    assert_eq!(listed(results, br#"{"results":[1,2],"results":[1]}"#), Some(2), "the longest counts");
    assert_eq!(listed(results, b"<html>"), None);
    assert_eq!(listed(None, b"[1,2,3,4,5,6,7,8,9,10,11]"), Some(9), "no more than is set aside");
}

proptest! {
    #[test]
    fn counting_agrees_with_a_whole_parse(
        items in prop::collection::vec(prop_oneof![
            any::<u32>().prop_map(Value::from), ".{0,12}".prop_map(Value::from),
            Just(json!({"results": [1, 2], "a": []})), Just(json!([[], "]"])), Just(Value::Null),
        ], 0..6),
        noise in ".{0,12}", at in any::<prop::sample::Index>(),
    ) {
        let cut = |bytes: &[u8], list: Option<&str>| {
            let (head, tail) = bytes.split_at(at.index(bytes.len()));
            used(&Measure::Items { list: list.map(str::to_owned), most: 9 }, &[head, tail])
        };
        let count = u64::try_from(items.len()).ok();
        let whole = serde_json::to_vec_pretty(&items).unwrap();
        prop_assert_eq!(cut(&whole, None), count);
        let object = serde_json::to_vec(&json!({"a": [noise.clone(), 1], "results": items, "z": {"results": [noise]}}));
        prop_assert_eq!(cut(&object.unwrap(), Some("results")), count);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop::sample::select(b"{}[]\",:\\results1 \xff".to_vec()), 0..200)) {
        for list in [None, Some("results")] {
            listed(list, &bytes);
        }
        for measure in [Measure::Tokens, Measure::Seconds(Lasting::TheSoundSent), Measure::Characters("r".to_owned())] {
            used(&measure, &[&bytes]);
            let _ = measured(&measure, &bytes);
        }
    }
}

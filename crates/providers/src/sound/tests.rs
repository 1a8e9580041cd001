use super::*;

/// A WAV file of so many bytes, with these chunks before its samples.
fn file(chunks: &[(&[u8; 4], &[u8])], length: usize) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVE".to_vec();
    for (id, body) in chunks {
        file.extend_from_slice(*id);
        file.extend_from_slice(&u32::try_from(body.len()).unwrap().to_le_bytes());
        file.extend_from_slice(body);
        file.resize(file.len() + body.len() % 2, 0);
    }
    file.extend_from_slice(b"data\xFF\xFF\xFF\xFF");
    file.resize(length, 0);
    file
}

fn format(coding: u16, channels: u16, samples: u32, bits: u16) -> Vec<u8> {
    let align = channels * bits.div_ceil(8);
    let rate = samples * u32::from(align);
    let shorts = [coding.to_le_bytes(), channels.to_le_bytes()].concat();
    let longs = [samples.to_le_bytes(), rate.to_le_bytes()].concat();
    [shorts, longs, [align.to_le_bytes(), bits.to_le_bytes()].concat()].concat()
}

fn both(file: &[u8]) -> Option<u64> {
    let told = seconds(file).get();
    let in_base64 = seconds_of_base64(&STANDARD.encode(file)).get();
    assert!(told == in_base64 || told.map(|told| told + 1) == in_base64, "{told:?} {in_base64:?}");
    told
}

#[test]
fn plain_samples_last_as_long_as_their_head_says() {
    let wav = |format: &[u8]| both(&file(&[(b"LIST", b"abc"), (b"fmt ", format)], 96_000));
    assert_eq!(wav(&format(1, 1, 16_000, 16)), Some(3));
    assert_eq!(wav(&format(7, 1, 8_000, 8)), Some(12));
    // The slowest that can be: a byte lasts a second.
    assert_eq!(wav(&format(1, 1, 1, 8)), Some(96_000));
    let mut extensible = [format(0xFFFE, 2, 24_000, 32), vec![22, 0, 32, 0, 0, 0, 0, 0]].concat();
    extensible.extend_from_slice(&[3, 0, 0, 0, 0, 0, 16, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
    assert_eq!(wav(&extensible), Some(1));
}

#[test]
fn mpeg_has_a_lowest_rate() {
    let frames = |head: &[u8]| both(&[head, &[0; 5_996][..]].concat());
    assert_eq!(frames(&[0xFF, 0xFB, 0x90, 0x00]), Some(6));
    assert_eq!(both(&[&b"ID3\x04\0\0\0\0\0\x02ab\xFF\xE3\x18\xC4"[..], &[0; 84]].concat()), Some(1));
    // No frame, another layer, any rate, no such rate or frequency.
    for head in [[0xFE, 0xFB, 0x90, 0], [0xFF, 0xF1, 0x50, 0x80], [0xFF, 0xFB, 0, 0], [0xFF, 0xFB, 0xF0, 0]] {
        assert_eq!(frames(&head), None, "{head:?}");
    }
    assert_eq!(frames(&[0xFF, 0xFB, 0x9C, 0]), None);
}

/// A page with these packets, of a stream that is at that position.
fn page(kind: u8, position: u64, packets: &[&[u8]]) -> Vec<u8> {
    let mut lengths = Vec::new();
    for packet in packets {
        lengths.extend(std::iter::repeat_n(255, packet.len() / 255));
        lengths.push(u8::try_from(packet.len() % 255).unwrap());
    }
    let count = u8::try_from(lengths.len()).unwrap();
    let head = [&b"OggS\0"[..], &[kind], &position.to_le_bytes(), b"1234", &[0; 8], &[count], &lengths];
    [head.concat(), packets.concat()].concat()
}

/// A file with a page of this first packet, one of comments, and these.
fn ogg(first: &[u8], pages: &[Vec<u8>]) -> Vec<u8> {
    [page(2, 0, &[first]), page(0, 0, &[b"comments"]), pages.concat()].concat()
}

fn millis(lasts: Option<Nanos>) -> Option<Nanos> {
    lasts.map(|nanos| nanos.div_ceil(1_000_000))
}

/// A packet of 20 ms.
const OPUS: &[u8] = &[0x98, 1, 2, 3];
const OPUS_HEAD: &[u8] = b"OpusHead\x01\x01\x38\x01\x80\xBB\0\0\0\0\0";
/// What the two packets before the sound may be taken for.
const HEADS: Nanos = 120 + 120;

#[test]
fn ogg_lasts_as_long_as_its_packets() {
    let told = |pages: &[Vec<u8>]| millis(ogg::lasts(&ogg(OPUS_HEAD, pages)));
    let of = |count: usize| page(0, 0, &vec![OPUS; count]);
    assert_eq!(told(&[of(50), of(25)]), Some(HEADS + 1_500));
    // What it says if that is more; all ones say nothing.
    assert_eq!(told(&[page(4, 48_000 * 60, &[OPUS])]), Some(60_000));
    assert_eq!(told(&[page(0, u64::MAX, &[OPUS])]), Some(HEADS + 20));
    // A packet over several pages is the longest there is on each that it goes on to.
    let long = [OPUS, &[7; 600]].concat();
    assert_eq!(told(&[of(1), page(1, 0, &[&long])]), Some(HEADS + 20 + 120));
    assert_eq!(told(&[page(0, 0, &[&long])]), Some(HEADS + 20));
    // Pages that only a reader comes to who has lost its way.
    let hidden = page(0, 0, &[&of(3)]);
    assert_eq!(told(&[hidden, b"garbage".to_vec(), of(1)]), Some(HEADS + 120 + 60 + 20));
    // One stream behind the other, of one number.
    let twice = [ogg(OPUS_HEAD, &[page(0, 96_000, &[OPUS])]), ogg(OPUS_HEAD, &[of(50)])].concat();
    assert_eq!(millis(ogg::lasts(&twice)), Some(2_000 + HEADS + 1_000));
    assert_eq!(ogg::lasts(&ogg(b"Speex   ", &[of(1)])), None);
    let unknown_within = [ogg(OPUS_HEAD, &[of(1)]), page(2, 0, &[b"Speex   "])].concat();
    assert_eq!(ogg::lasts(&unknown_within), None);
}

#[test]
fn ogg_has_vorbis_and_flac_as_well() {
    let vorbis = [b"\x01vorbis\0\0\0\0\x01\x80\xBB\0\0", &[0; 12][..], &[0xB8, 1]].concat();
    // Three of 1,024 samples each, as the two before them are.
    let told = millis(ogg::lasts(&ogg(&vorbis, &[page(0, 0, &[&[0; 9], &[0; 300], &[0; 40]])])));
    assert_eq!(told, Some((1_024 * 5_u128 * 1_000).div_ceil(48_000)));
    let told = (8_000_u64 << 44 | 15 << 36).to_be_bytes();
    let flac = [&b"\x7FFLAC\x01\0\0\x01fLaC\x80\0\0\x22"[..], &[0; 10], &told, &[0; 16]].concat();
    // 4,096 samples.
    let frame = [0xFF, 0xF8, 0xC0, 0x08, 0, 0xAF, 9, 9];
    let frames = [page(0, 0, &[&frame, &frame])];
    assert_eq!(millis(ogg::lasts(&ogg(&flac, &frames))), Some(1_024));
    assert_eq!(millis(ogg::lasts(&ogg(&flac, &[page(4, 80_000, &[&frame])]))), Some(10_000 + 512));
}

/// An element that tells its size.
fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len()).unwrap() | 0x1000_0000;
    [id, &size.to_be_bytes(), body].concat()
}

/// A file with such a track, and these clusters.
fn webm(codec: &[u8], more: &[u8], clusters: &[Vec<u8>]) -> Vec<u8> {
    let info = element(&[0x15, 0x49, 0xA9, 0x66], &element(&[0x2A, 0xD7, 0xB1], &[0x0F, 0x42, 0x40]));
    let track = [element(&[0xD7], &[1]), element(&[0x83], &[2]), element(&[0x86], codec), more.to_vec()].concat();
    let tracks = element(&[0x16, 0x54, 0xAE, 0x6B], &element(&[0xAE], &track));
    let segment = b"\x18\x53\x80\x67\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
    [element(&[0x1A, 0x45, 0xDF, 0xA3], b""), segment.to_vec(), info, tracks, clusters.concat()].concat()
}

fn cluster(begins: u16, elements: &[Vec<u8>]) -> Vec<u8> {
    let begins = element(&[0xE7], &begins.to_be_bytes());
    [b"\x1F\x43\xB6\x75\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF".to_vec(), begins, elements.concat()].concat()
}

fn block(due: i16, flags: u8, packet: &[u8]) -> Vec<u8> {
    let [high, low] = due.to_be_bytes();
    [&[0x81, high, low, flags], packet].concat()
}

fn simple(due: i16) -> Vec<u8> {
    element(&[0xA3], &block(due, 0x80, OPUS))
}

#[test]
fn webm_lasts_as_long_as_its_packets() {
    let told = |clusters: &[Vec<u8>]| millis(webm::lasts(&webm(b"A_OPUS", b"", clusters)));
    let packets = |count: usize| vec![simple(0); count];
    assert_eq!(told(&[cluster(0, &packets(50)), cluster(1_000, &packets(25))]), Some(1_500));
    // When the last one is due, if that is later.
    assert_eq!(told(&[cluster(0, &[simple(0), simple(5_000)])]), Some(5_020));
    assert_eq!(told(&[cluster(60_000, &[simple(-1_000)])]), Some(59_020));
    // Several in a block, of which only lengths are known; a block that says how long it is; one that is cut off.
    assert_eq!(told(&[cluster(0, &[element(&[0xA3], &block(0, 0x02, &[2, 4, 4]))])]), Some(360));
    let group = [element(&[0xA1], &block(0, 0, OPUS)), element(&[0x9B], &[200])].concat();
    assert_eq!(told(&[cluster(0, &[element(&[0xA0], &group)])]), Some(200));
    assert_eq!(told(&[cluster(0, &[vec![0xA3, 0x88, 0x81]])]), Some(120));
    // A cluster that only a reader comes to who has lost its way.
    let hidden = element(&[0xEC], &cluster(0, &packets(3)));
    assert_eq!(told(&[cluster(0, &packets(1)), hidden]), Some(80));
    // Blocks within blocks, each of which would be read again from every mark before it.
    let nested = vec![element(&[0xA3], &[&block(0, 0, OPUS), &cluster(0, &[])[..]].concat()); 2_000];
    assert_eq!(told(&[cluster(0, &nested)]), None);
}

#[test]
fn webm_that_tells_two_stories_is_not_believed() {
    let told = |file: &[u8]| millis(webm::lasts(file));
    let clusters = [cluster(0, &[simple(0)])];
    let says = |float: &[u8]| element(&[0x15, 0x49, 0xA9, 0x66], &element(&[0x44, 0x89], float));
    let plain = webm(b"A_OPUS", b"", &clusters);
    let head = plain.len() - clusters[0].len();
    let (before, behind) = plain.split_at(head);
    assert_eq!(told(&plain), Some(20));
    assert_eq!(told(&[before, &says(&1.0_f64.to_be_bytes()), behind].concat()), None, "described twice");
    assert_eq!(told(&[before, behind, &plain].concat()), None);
    // The one description: what it says, if that can be.
    let described = |float: &[u8]| {
        let info = webm(b"", b"", &[]).windows(4).position(|four| four == [0x15, 0x49, 0xA9, 0x66]).unwrap();
        let length = element(&[0x15, 0x49, 0xA9, 0x66], &element(&[0x2A, 0xD7, 0xB1], &[0; 3])).len();
        [&plain[..info], &says(float), &plain[info + length..]].concat()
    };
    assert_eq!(told(&described(&2_500.4_f64.to_be_bytes())), Some(2_501));
    assert_eq!(told(&described(&9_000.0_f32.to_be_bytes())), Some(9_000));
    for odd in [f64::NAN, f64::INFINITY, -5.0] {
        assert_eq!(told(&described(&odd.to_be_bytes())), None, "{odd}");
    }
    // Another codec, packets that are packed again, two tracks.
    for codec in [&b"A_AAC"[..], b"V_VP8", b"A_OPUS\0"] {
        assert_eq!(told(&webm(codec, b"", &clusters)), None);
    }
    assert_eq!(told(&webm(b"A_OPUS", &element(&[0x6D, 0x80], b""), &clusters)), None);
    let vorbis = [&b"\x02\x1E\x10\x01vorbis\0\0\0\0\x01\x80\xBB\0\0"[..], &[0; 12], &[0xB8, 1, 9, 9]].concat();
    assert_eq!(told(&webm(b"A_VORBIS", &element(&[0x63, 0xA2], &vorbis), &clusters)), Some(22));
    assert_eq!(told(&webm(b"A_VORBIS", b"", &clusters)), None);
}

/// A box of MP4.
fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len() + 8).unwrap().to_be_bytes()[..], name, body].concat()
}

fn longs(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// What a decoder of AAC is told.
fn esds(description: &[u8]) -> Vec<u8> {
    let descriptor = |kind: u8, body: &[u8]| [&[kind, u8::try_from(body.len()).unwrap()], body].concat();
    let coding = [&[0x40][..], &[0; 12], &descriptor(5, description)].concat();
    boxed(b"esds", &[&[0; 4][..], &descriptor(3, &[&[0; 3], &descriptor(4, &coding)[..]].concat())].concat())
}

/// A file of AAC at 44,100 samples a second: what tells of its packets stands in `tables`.
fn m4a(description: &[u8], tables: &[Vec<u8>]) -> Vec<u8> {
    let entry = boxed(b"mp4a", &[&[0; 28][..], &esds(description)].concat());
    let clocks = |name, ticks| boxed(name, &longs(&[0, 0, 0, ticks, 1_000]));
    let described = boxed(b"stsd", &[longs(&[0, 1]), entry].concat());
    let moov = boxed(b"moov", &[clocks(b"mvhd", 1_000), clocks(b"mdhd", 44_100), described, tables.concat()].concat());
    [boxed(b"ftyp", b"M4A "), moov, boxed(b"mdat", b"stsz\0\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF")].concat()
}

const LC: &[u8] = &[0x12, 0x10];

#[test]
fn mp4_lasts_as_long_as_its_packets() {
    let told = |tables: &[Vec<u8>]| millis(mp4::lasts(&m4a(LC, tables)));
    let sizes = |count: u32| boxed(b"stsz", &longs(&[0, 0, count]));
    let times = |count: u32, ticks: u32| boxed(b"stts", &longs(&[0, 1, count, ticks]));
    // Each packet at the lowest rate that one can name by itself. What stands in the sound is no table.
    assert_eq!(told(&[sizes(100), times(100, 1_024)]), Some(13_932));
    assert_eq!(told(&[sizes(100), times(300, 1_024)]), Some(41_796));
    // What is said of their time, of the edits, and of the whole, if that is more.
    assert_eq!(told(&[sizes(100), times(100, 44_100)]), Some(100_000));
    assert_eq!(told(&[sizes(1), boxed(b"elst", &longs(&[0, 2, 7_000, 0, 1 << 16, 5_000, 0, 1 << 16]))]), Some(12_000));
    assert_eq!(told(&[sizes(1), boxed(b"tkhd", &longs(&[0, 0, 0, 0, 0, 90_000]))]), Some(90_000));
    assert_eq!(told(&[sizes(1), boxed(b"tkhd", &longs(&[0, 0, 0, 0, 0, u32::MAX]))]), Some(1_000));
    // Samples that are no packets; a table that is cut off; a description that is packed.
    for odd in [times(44_100, 1), boxed(b"stts", &longs(&[0, 9, 1, 1])), boxed(b"cmov", b"")] {
        assert_eq!(told(&[sizes(1), odd]), None);
    }
    // Tables within tables, each of which would be read again from every name before it.
    let nested = [&b"stts"[..], &longs(&[0, 2_000])].concat().repeat(2_000);
    assert_eq!(told(&[sizes(1), boxed(b"free", &nested)]), None);
}

#[test]
fn mp4_may_come_in_fragments() {
    let told = |tables: &[Vec<u8>]| millis(mp4::lasts(&m4a(LC, tables)));
    let default = boxed(b"trex", &longs(&[0, 1, 1, 1_024, 0, 0]));
    let begins = boxed(b"tfdt", &longs(&[0, 441_000]));
    // Fifty packets that last as is usual, and two that tell: one of them for a minute.
    let runs = [boxed(b"trun", &longs(&[1, 50, 0])), boxed(b"trun", &longs(&[0x301, 2, 0, 1_024, 9, 2_646_000, 9]))];
    assert_eq!(told(&[default.clone(), runs[0].clone()]), Some(6_966));
    assert_eq!(told(&[default.clone(), begins, runs.concat()]), Some(10_000 + 1185 + 60_000));
    let own = boxed(b"tfhd", &longs(&[0x8, 1, 44_100]));
    assert_eq!(told(&[default, own, runs[0].clone()]), Some(50_000));
}

#[test]
fn of_aac_only_what_has_packets_of_a_known_length() {
    let told = |description: &[u8]| millis(mp4::lasts(&m4a(description, &[boxed(b"stsz", &longs(&[0, 0, 10]))])));
    // With a band on top of it, and with stereo; at a rate told in full, as slow as can be.
    for description in [LC, &[0x2B, 0x8A, 0x08, 0], &[0xEB, 0x8A, 0x08, 0]] {
        assert_eq!(told(description), Some(1_394), "{description:?}");
    }
    assert_eq!(told(&[0x17, 0x80, 0, 0, 0x90]), Some(10_240_000));
    // Another kind of AAC, none, no such rate, no rate.
    for description in [&[0xF9, 0x48][..], &[], &[0x16, 0x90], &[0x17, 0x80, 0, 0, 0x10]] {
        assert_eq!(told(description), None, "{description:?}");
    }
    let with = |from: &[u8], to: &[u8]| {
        let file = m4a(LC, &[boxed(b"stsz", &longs(&[0, 0, 10]))]);
        let at = file.windows(from.len()).position(|bytes| bytes == from).unwrap();
        millis(mp4::lasts(&[&file[..at], to, &file[at + from.len()..]].concat()))
    };
    assert_eq!(with(b"mp4a", b"alac"), None);
    // MP3 under that name.
    assert_eq!(with(&[0x40, 0, 0], &[0x6B, 0, 0]), None);
    assert_eq!(with(b"esds", b"xxxx"), None);
    let entry = boxed(b"stsd", &[longs(&[0, 1]), boxed(b"Opus", &[0; 28])].concat());
    let clocks = [boxed(b"mvhd", &longs(&[0, 0, 0, 1, 0])), boxed(b"mdhd", &longs(&[0, 0, 0, 1, 0]))].concat();
    let moov = boxed(b"moov", &[clocks, entry, boxed(b"stsz", &longs(&[0, 0, 10]))].concat());
    assert_eq!(millis(mp4::lasts(&[boxed(b"ftyp", b"M4A "), moov].concat())), Some(1_200), "Opus has no such heads");
}

#[test]
fn of_all_else_bytes_do_not_tell() {
    let (plain, odd) = (format(1, 1, 16_000, 16), [format(1, 1, 16_000, 16), vec![0]].concat());
    let packed: [&[u8]; 6] = [b"", b"fLaC\0\0\0\x22", b"#!AMR\n", b"\0\0\0\x20ftypM4A ", b"\x1A\x45\xDF\xA3", b"RIFF"];
    assert!(packed.iter().all(|file| both(file).is_none()));
    for chunks in [
        vec![],
        vec![(b"fmt ", format(0x55, 1, 16_000, 16))],
        vec![(b"fmt ", format(1, 1, 0, 16))],
        vec![(b"fmt ", format(1, 0, 16_000, 16))],
        vec![(b"fmt ", plain[..14].to_vec())],
        // Two descriptions: a reader may take either.
        vec![(b"fmt ", odd), (b"fmt ", plain)],
    ] {
        let chunks: Vec<_> = chunks.iter().map(|(id, body)| (*id, body.as_slice())).collect();
        assert_eq!(both(&file(&chunks, 96_000)), None);
    }
    assert_eq!(seconds_of_base64("é"), Extent::Unknown);
}

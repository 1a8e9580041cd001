"""Small files of packed sound, as browsers and telephones record it: a second of packets that have no meaning.

Each has a few bytes a second less than those by which the simulator tells how long sound is that does not say so.
"""

import struct

SECONDS = 3
# Of 20 ms, in the mode of its first byte (CELT, one frame).
OPUS = b"\x98" + b"x" * 299


def ogg() -> bytes:
    def page(kind: int, position: int, packets: list[bytes]) -> bytes:
        lengths = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
        head = b"OggS\0" + bytes([kind]) + struct.pack("<qIIIB", position, 7, 0, 0, len(lengths))
        return head + lengths + b"".join(packets)

    pages = [page(0, 48_000 * (second + 1), [OPUS] * 50) for second in range(SECONDS)]
    head = page(2, 0, [b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 0, 48_000, 0, 0)])
    return head + page(0, 0, [b"OpusTags" + bytes(8)]) + b"".join(pages)


def webm() -> bytes:
    """As a browser records it: nobody knows yet how long it will be."""

    def element(mark: str, body: bytes) -> bytes:
        return bytes.fromhex(mark) + struct.pack(">I", len(body) | 0x1000_0000) + body

    unknown = b"\x01" + b"\xff" * 7
    info = element("1549a966", element("2ad7b1", (1_000_000).to_bytes(3, "big")))
    track = element("d7", b"\x01") + element("73c5", b"\x01") + element("83", b"\x02") + element("86", b"A_OPUS")
    blocks = lambda: b"".join(element("a3", struct.pack(">BhB", 0x81, 20 * at, 0x80) + OPUS) for at in range(50))  # noqa: E731
    clusters = [
        bytes.fromhex("1f43b675") + unknown + element("e7", struct.pack(">I", 1_000 * second)) + blocks()
        for second in range(SECONDS)
    ]
    segment = bytes.fromhex("18538067") + unknown + info + element("1654ae6b", element("ae", track))
    return element("1a45dfa3", element("4282", b"webm")) + segment + b"".join(clusters)


def m4a() -> bytes:
    packets = SECONDS * 44_100 // 1_024
    box = lambda name, body: struct.pack(">I", len(body) + 8) + name + body  # noqa: E731
    longs = lambda *numbers: struct.pack(f">{len(numbers)}I", *numbers)  # noqa: E731
    described = lambda kind, body: bytes([kind, len(body)]) + body  # noqa: E731
    decoder = b"\x40\x15" + bytes(11) + described(5, b"\x12\x10")
    esds = box(b"esds", bytes(4) + described(3, bytes(3) + described(4, decoder) + described(6, b"\x02")))
    tables = [
        box(b"stsd", longs(0, 1) + box(b"mp4a", bytes(28) + esds)),
        box(b"stts", longs(0, 1, packets, 1_024)),
        box(b"stsz", longs(0, 372, packets)),
    ]
    clock = lambda name, ticks: box(name, longs(0, 0, 0, ticks, SECONDS * ticks))  # noqa: E731
    media = box(b"mdia", clock(b"mdhd", 44_100) + box(b"minf", box(b"stbl", b"".join(tables))))
    moov = box(b"moov", clock(b"mvhd", 1_000) + box(b"trak", media))
    return box(b"ftyp", b"M4A " + bytes(4)) + moov + box(b"mdat", b"x" * (372 * packets))


def flac() -> bytes:
    told = struct.pack(">Q", 16_000 << 44 | 15 << 36 | SECONDS * 16_000)
    # 1,000 samples: the length of a frame stands behind its number, and then the checksum of its head.
    heads = (bytes([0xFF, 0xF8, 0x70, 0x08, number]) + struct.pack(">H", 999) for number in range(16 * SECONDS))
    frames = b"".join(head + bytes([crc(head)]) + b"x" * 900 for head in heads)
    return b"fLaC\x80\0\0\x22" + bytes(10) + told + bytes(16) + frames


def crc(head: bytes) -> int:
    left = 0
    for byte in head:
        left ^= byte
        for _ in range(8):
            left = (left << 1 ^ 0x07) & 0xFF if left & 0x80 else left << 1
    return left


NOTES = {"ogg": ogg(), "webm": webm(), "m4a": m4a(), "flac": flac()}

"""Two runs of the same scenarios, and what must be equal in them."""

import json
import re

from .sim import header

# Headers that belong to one connection or that each side makes for itself.
CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "date", "accept-encoding"}
NOT_FORWARDED = CONNECTION | {"server", "set-cookie", "strict-transport-security", "alt-svc", "nel", "report-to"}
OURS = re.compile(r"x-ownkey-.*|server-timing")

# Ids and times are another on every call.
VARYING = [
    (re.compile(r"\b(req|msg|chatcmpl|call|toolu)([-_])[0-9A-Za-z]{8,}"), r"\1\2ID"),
    (re.compile(r'("created": ?)\d+'), r"\g<1>0"),
    (re.compile(r"\b20\d\d-\d\d-\d\dT[0-9:.]+(Z|\+00:00)"), "TIME"),
    (re.compile(r"tag=[0-9a-z]+"), "tag=TAG"),
    (re.compile(r"\b(cf-ray|cf_ray)\W+[0-9a-f-]+"), r"\1"),
]


def normal(value):
    """The same value without what varies."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    for pattern, instead in VARYING:
        text = pattern.sub(instead, text)
    return json.loads(text)


def answer_headers(headers: dict) -> dict:
    """The headers of an answer that the provider's caller must see unchanged."""
    lower = {name.lower(): value for name, value in headers.items()}
    return {name: lower[name] for name in sorted(lower) if name not in NOT_FORWARDED and not OURS.fullmatch(name)}


def wire(entries: list[dict]) -> list[dict]:
    """What the provider received: each attempt with all that must be equal."""
    attempts = []
    for entry in entries:
        headers = sorted(
            (name, value)
            for name, value in ((name.lower(), value) for name, value in entry["headers"])
            if name not in CONNECTION and not name.startswith("sec-")
        )
        parts = {name: entry[name] for name in ("method", "path", "query", "key", "body")}
        attempts.append(parts | {"headers": headers})
    return attempts


def by_request(entries: list[dict]) -> dict[str, list[dict]]:
    """Calls by the id the client gave them."""
    found: dict[str, list[dict]] = {}
    for entry in entries:
        found.setdefault(entry["client_request_id"], []).append(entry)
    return found


USAGE_ASKED = re.compile(r'"stream_options"\s*:\s*\{\s*"include_usage"\s*:\s*true\s*\}')


def without_edit(direct: str, via: str) -> str:
    """What Ownkey sent without the one edit it may make: asking for the usage of a stream.

    The edit must be one insertion; every other byte stays where it was.
    """
    if direct == via:
        return via
    start = next((at for at, (left, right) in enumerate(zip(direct, via)) if left != right), len(direct))
    length = len(via) - len(direct)
    for begin in range(max(0, start - length), start + 1):
        inserted = via[begin : begin + length]
        if via[:begin] + via[begin + length :] == direct and USAGE_ASKED.fullmatch(inserted.strip(", \n")):
            return direct
    return via


def compare(scenario: dict, direct: dict, via: dict):
    """Fails with what differs between the two runs of a scenario."""
    sent_direct, sent_via = normal(wire(direct["entries"])), normal(wire(via["entries"]))
    assert len(sent_via) == len(sent_direct), f"attempts: {len(sent_direct)} directly, {len(sent_via)} via Ownkey"
    for expected, found in zip(sent_direct, sent_via):
        found["body"] = without_edit(expected["body"] or "", found["body"] or "")
        expected["body"] = expected["body"] or ""
        assert found == expected
    for entry in via["entries"]:
        assert header(entry, "accept-encoding") in (None, "identity")
    seen_direct, seen_via = normal(direct["seen"]), normal(via["seen"])
    if "error" in scenario["differs"]:
        seen_direct.pop("error"), seen_via.pop("error")
    for seen in (seen_direct, seen_via):
        seen["headers"] = answer_headers(seen["headers"])
    # Ownkey may say that a retry cannot help; that it changes nothing is in the number of attempts.
    if "x-should-retry" not in seen_direct["headers"]:
        assert seen_via["headers"].pop("x-should-retry", "false") == "false"
    assert seen_via == seen_direct

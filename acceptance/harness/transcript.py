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
    (re.compile(r"\b(chatcmpl-|lc_run--)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), r"\1ID"),
    (re.compile(r"\b(req|msg|chatcmpl|call|toolu|cmpl|modr|resp|fc|cmp|ws)([-_])[0-9A-Za-z]{8,}"), r"\1\2ID"),
    (re.compile(r'("(?:created|created_at|completed_at)": ?)\d+(\.0)?'), r"\g<1>0"),
    (re.compile(r"\b20\d\d-\d\d-\d\dT[0-9:.]+(Z|\+00:00)"), "TIME"),
    (re.compile(r"tag=[0-9a-z]+"), "tag=TAG"),
    (re.compile(r'"[0-9a-f]{12}-(?=[a-z])'), '"RUN-'),
    (re.compile(r"(boundary=|--)([0-9a-f]{32}|-+formdata-undici-\d+)"), r"\1BOUNDARY"),
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
        headers = {}
        for name, value in sorted((name.lower(), value) for name, value in entry["headers"]):
            if name not in CONNECTION and not name.startswith("sec-"):
                headers[name] = [*headers.get(name, []), value]
        parts = {name: entry[name] for name in ("method", "path", "query", "key", "body")}
        if entry["provider"] == "anthropic":
            # Its clients put the key into one header, Ownkey into the other, and it takes both to mean the same.
            bearers = [value.removeprefix("Bearer ") for value in headers.pop("authorization", [])]
            headers["credential"] = headers.pop("x-api-key", []) + bearers
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


def differences(direct, via, place: str = "") -> list[str]:
    """Each place in which two JSON values differ."""
    if isinstance(direct, dict) and isinstance(via, dict):
        names = sorted(direct.keys() | via.keys())
        return [line for n in names for line in differences(direct.get(n), via.get(n), f"{place}.{n}")]
    if isinstance(direct, list) and isinstance(via, list) and len(direct) == len(via):
        pairs = enumerate(zip(direct, via))
        return [line for at, (left, right) in pairs for line in differences(left, right, f"{place}[{at}]")]
    return [] if direct == via else [f"{place}: {direct!r} directly, {via!r} via Ownkey"]


def compare(scenario: dict, direct: dict, via: dict) -> list[str]:
    """In what the two runs of a scenario differ."""
    sent_direct, sent_via = normal(wire(direct["entries"])), normal(wire(via["entries"]))
    if "hopeless" in scenario["differs"]:
        # What a retry cannot change says so: all attempts but the first are missing, and no other.
        sent_direct = sent_direct[:1]
    if len(sent_via) != len(sent_direct):
        return [f"attempts: {len(sent_direct)} directly, {len(sent_via)} via Ownkey"]
    for expected, found in zip(sent_direct, sent_via):
        expected["body"], found["body"] = expected["body"] or "", found["body"] or ""
        found["body"] = without_edit(expected["body"], found["body"])
    encodings = {header(entry, "accept-encoding") for entry in via["entries"]}
    problems = [] if encodings <= {None, "identity"} else [f"accept-encoding: {encodings}"]
    problems += differences(sent_direct, sent_via, "sent")
    if "hopeless" in scenario["differs"] and answer_headers(via["seen"]["headers"]).get("x-should-retry") != "false":
        problems.append("x-should-retry: not said via Ownkey")
    return problems + differences(*(_seen(scenario, side, direct) for side in (direct, via)), "seen")


def _seen(scenario: dict, side: dict, direct: dict) -> dict:
    seen = normal(side["seen"])
    seen["headers"] = answer_headers(seen["headers"])
    # Ownkey may say that a retry cannot help; that it changes nothing is in the number of attempts.
    if "x-should-retry" not in answer_headers(direct["seen"]["headers"]) and seen["headers"].get("x-should-retry") == "false":
        del seen["headers"]["x-should-retry"]
    if "told" in scenario["differs"]:
        del seen["error"], seen["headers"]
    if "hopeless" in scenario["differs"] and side is direct:
        # Those of the attempts that are not compared.
        seen["waits"] = []
    return seen

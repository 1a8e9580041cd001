#!/usr/bin/env python3
"""Makes crates/providers/tests/corpus.json, the errors that classification is held against, from the collected facts.

    python3 scripts/facts/providers.py FACTS_FOLDER

Keeps what is on the wire and what it says of the key; sources and explanations stay with the facts. Placeholders of
the form <...> stay as they are, but for header values that are numbers.
"""

import json
import pathlib
import sys

HTTP = {"http_json", "http_non_json"}
STREAMS = {"/v1/messages", "/v1/chat/completions"}


def main():
    facts = pathlib.Path(sys.argv[1])
    target = pathlib.Path(__file__).parents[2] / "crates/providers/tests/corpus.json"
    errors = json.loads((facts / "provider-errors.json").read_text())["errors"]
    kept = [entry(e) for e in errors if e["transport"] in HTTP or is_stream(e)]
    target.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    print(f"{target}: {len(kept)} of {len(errors)} entries")


def is_stream(error):
    return error["transport"] == "sse_event" and error["protocol_path"] in STREAMS


def entry(error):
    headers = {name: "7" if name == "retry-after" else value for name, value in (error["headers"] or {}).items()}
    return {
        "id": error["id"],
        "provider": error["provider"],
        "transport": error["transport"],
        "status": error["status"],
        "headers": headers,
        "body": error["body"],
        "verdict": error["verdict"],
        "key_accepted": error["key_accepted"],
    }


main()

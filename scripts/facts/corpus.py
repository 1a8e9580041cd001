#!/usr/bin/env python3
"""Counts the tokens of the acceptance suites' corpus of texts, by the tokenizer of OpenAI's current models.

usage: scripts/facts/corpus.py   (needs `pip install bpe-openai`)

Rewrites acceptance/corpus/texts.json in place: each text is counted anew, whatever stood there. So the bound that holds
rest on, so many bytes to a token, is measured by a provider's own count, without a tokenizer in the tests.
"""

import json
from pathlib import Path

import bpe_openai

FILE = Path(__file__).resolve().parents[2] / "acceptance" / "corpus" / "texts.json"


def main():
    corpus = json.loads(FILE.read_text(encoding="utf-8"))
    encoding = bpe_openai.get_encoding(corpus["tokenizer"])
    for entry in corpus["texts"]:
        entry["tokens"] = len(encoding.encode(entry["text"]))
    FILE.write_text(json.dumps(corpus, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

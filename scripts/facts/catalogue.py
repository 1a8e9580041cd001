#!/usr/bin/env python3
"""Converts the fact sheet of list prices into the catalogue that Ownkey ships.

usage: scripts/facts/catalogue.py FACTS_FOLDER > crates/domain/catalogue/models.json

Reads FOLDER/model-prices.json (its source stands in the output). Writes the chat models of both providers,
prices as decimal text in USD per token, so that nothing is ever rounded.
"""

import json
import re
import sys
from decimal import Decimal
from pathlib import Path

# The chat models of the two example products; the other kinds of models come with their paths.
OFFERED = re.compile(
    r"claude-(opus|sonnet|haiku)-4|claude-fable-5|gpt-4o|gpt-4\.1|gpt-4-turbo|gpt-5|o1$|o1-2|o3$|o3-2|o3-mini|o4-mini$|o4-mini-2"
)
# Models of other paths or with prices of other kinds (audio, search fees).
NOT_YET = re.compile(r"audio|realtime|search|transcribe|tts|-pro|codex|deep-research|cyber|chat-latest|gpt-5-chat")

CLASSES = {
    "anthropic": {
        "input": "input_cost_per_token",
        "output": "output_cost_per_token",
        "cache_read": "cache_read_input_token_cost",
        "cache_write_5m": "cache_creation_input_token_cost",
        "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    },
    "openai": {
        "input": "input_cost_per_token",
        "output": "output_cost_per_token",
        "cache_read": "cache_read_input_token_cost",
        "cache_write": "cache_creation_input_token_cost",
    },
}
TIERS = {"standard": "", "priority": "_priority", "flex": "_flex"}


def decimal(value):
    return format(Decimal(str(value)), "f")


def rates(model, long_suffix, tier_suffix):
    found = {}
    for name, field in CLASSES[model["provider"]].items():
        value = model.get(field + long_suffix + tier_suffix)
        if value is not None:
            found[name] = decimal(value)
    return found


def tiers(model, long_suffix=""):
    priced = {tier: rates(model, long_suffix, suffix) for tier, suffix in TIERS.items()}
    return {tier: r for tier, r in priced.items() if "input" in r and "output" in r}


def long_context(model):
    for field in model:
        found = re.fullmatch(r"input_cost_per_token_above_(\d+)k_tokens", field)
        if found:
            thousands = found.group(1)
            return {"above_tokens": int(thousands) * 1000, "tiers": tiers(model, f"_above_{thousands}k_tokens")}
    return None


def entry(model):
    out = {
        "id": model["id"],
        "provider": model["provider"],
        "context_tokens": model.get("max_input_tokens"),
        "output_tokens": model.get("max_output_tokens"),
        "tiers": tiers(model),
    }
    if long := long_context(model):
        out["long_context"] = long
    return out


def main():
    facts = json.loads((Path(sys.argv[1]) / "model-prices.json").read_text())
    chosen = [
        m
        for m in facts["models"]
        if m["mode"] == "chat" and OFFERED.match(m["id"]) and not NOT_YET.search(m["id"])
    ]
    catalogue = {
        "version": "2026-11-22",
        "source": facts["source"],
        "models": sorted((entry(m) for m in chosen), key=lambda m: (m["provider"], m["id"])),
    }
    json.dump(catalogue, sys.stdout, indent=1)
    print()


main()

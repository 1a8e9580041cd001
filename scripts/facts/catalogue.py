#!/usr/bin/env python3
"""Converts the fact sheet of list prices into the catalogue that Ownkey ships.

usage: scripts/facts/catalogue.py FACTS_FOLDER > crates/domain/catalogue/models.json

Reads FOLDER/model-prices.json (its source stands in the output). Writes every model of both providers, each with its
mode (the kind of call that it serves), prices as decimal text in USD, so that nothing is ever rounded down.
"""

import json
import re
import sys
from decimal import ROUND_UP, Decimal
from pathlib import Path

# Models with a fee for each call that no token class tells of: a price without it would be a wrong one.
FEE_BESIDES_TOKENS = re.compile(r"search")
# Prices are whole pico-dollars in Ownkey.
PICO = Decimal("0.000000000001")

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
        "audio_input": "input_cost_per_audio_token",
        "audio_output": "output_cost_per_audio_token",
        "image_input": "input_cost_per_image_token",
    },
}
TIERS = {"standard": "", "priority": "_priority", "flex": "_flex", "ultrafast": "_ultrafast"}
# Prices of other things than tokens.
UNITS = {
    "input_second": "input_cost_per_second",
    "output_second": "output_cost_per_second",
    "input_character": "input_cost_per_character",
}


def decimal(value):
    exact = Decimal(str(value))
    # Prices for a minute make endless fractions for a second: those are rounded up.
    return format(exact if exact % PICO == 0 else exact.quantize(PICO, ROUND_UP), "f")


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
        "mode": model["mode"],
        "context_tokens": model.get("max_input_tokens"),
        "output_tokens": model.get("max_output_tokens"),
        "tiers": tiers(model),
    }
    if long := long_context(model):
        out["long_context"] = long
    if units := {unit: decimal(model[field]) for unit, field in UNITS.items() if field in model}:
        out["units"] = units
    return out


def main():
    facts = json.loads((Path(sys.argv[1]) / "model-prices.json").read_text())
    chosen = [m for m in facts["models"] if not FEE_BESIDES_TOKENS.search(m["id"])]
    catalogue = {
        "version": "2026-11-22",
        "source": facts["source"],
        "models": sorted((entry(m) for m in chosen), key=lambda m: (m["provider"], m["id"])),
    }
    json.dump(catalogue, sys.stdout, indent=1)
    print()


main()

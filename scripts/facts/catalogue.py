#!/usr/bin/env python3
"""Converts the fact sheet of list prices into the catalogue that Ownkey ships.

usage: scripts/facts/catalogue.py FACTS_FOLDER > crates/domain/catalogue/models.json

Reads FOLDER/model-prices.json (its source stands in the output) and, for fees and surcharges, checks the rules of
FOLDER/usage-shapes.json. Writes every model of both providers, each with its
mode (the kind of call that it serves), prices as decimal text in USD, so that nothing is ever rounded down. A price
that this script does not know stops it: no price is left out by mistake.
"""

import json
import re
import sys
from decimal import ROUND_UP, Decimal
from pathlib import Path

# Models that search the web on every call, for a fee that no token class tells of: they are listed without a price,
# because one without the fee would be wrong.
FEE_BESIDES_TOKENS = re.compile(r"-(search-preview|search-api|deep-research)\b")
# Prices of what Ownkey does not serve, so that no call can incur them.
NOT_INCURRED = re.compile(
    r"_batches$"  # batches of calls
    r"|_decisions$"  # a way of calling gpt-6-luna that no service tier of an answer names
    r"|^(cache_creation|cache_read)_input_(audio|image)_token_cost$"  # live sessions
    r"|^output_cost_per_second$"  # of sound made: what is measured and billed is its tokens, or what was sent
)
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
# What a tier without long-context prices of its own is billed by: flex costs what batches cost, and before 5.6 a long
# prompt is served and billed as standard where priority was asked for.
BILLED_AS = {"flex": "_batches", "priority": ""}
# Prices of other things than tokens.
UNITS = {
    "input_second": "input_cost_per_second",
    "input_character": "input_cost_per_character",
}

# Fees of tools that run at the provider, in USD for each use. The words that prove each stand in the rule of that name.
FEES = {
    "anthropic": {"web_search": ("0.01", "anthropic.server_tools.fees", "Web search 10 USD per 1000")},
    "openai": {
        "web_search": ("0.01", "openai.fees.web_search", "Web search 10 USD per 1000"),
        "file_search": ("0.0025", "openai.fees.file_search", "File search 2.50 USD per 1000"),
    },
}
# A search of theirs costs tokens besides that no usage tells of.
MORE_THAN_A_FEE = re.compile(r"^gpt-(4o|4\.1)-mini\b")
# Inference that is kept in the United States costs a tenth more in every class, from the 4.6 generation on.
US_TIER, US_FACTOR = "us", Decimal("1.1")
US_RULE = ("anthropic.geo", "inference_geo us multiplies every token class by 1.1 on 4.6 and later")


def is_dearer_in_us(model):
    version = re.fullmatch(r"claude-[a-z]+-(\d{1,2})(?:-(\d{1,2}))?(?:-\d{8})?", model["id"])
    return bool(version) and (int(version[1]), int(version[2] or 0)) >= (4, 6)


def with_us(model, priced):
    """The same tiers and what the standard one is where inference stays in the United States."""
    if not priced or not is_dearer_in_us(model):
        return priced
    dearer = {name: decimal(Decimal(price) * US_FACTOR) for name, price in priced["standard"].items()}
    return priced | {US_TIER: dearer}


def check_rules(shapes):
    """Stops if a rule does not say what the fees and factors above rest on."""
    said = {rule["id"]: rule["rule"] for rule in shapes["rules"]}
    wanted = [(rule, words) for fees in FEES.values() for _, rule, words in fees.values()]
    for rule, words in [*wanted, US_RULE]:
        if words not in said.get(rule, ""):
            sys.exit(f"the rule {rule} does not say: {words}")


def units(model):
    """Prices of other things than tokens. A model whose every call has a fee has none: it is not known here which."""
    sold = {unit: decimal(model[field]) for unit, field in UNITS.items() if field in model}
    if model["mode"] not in ("chat", "responses") or FEE_BESIDES_TOKENS.search(model["id"]):
        return sold
    fees = {unit: fee for unit, (fee, *_) in FEES[model["provider"]].items()}
    if MORE_THAN_A_FEE.search(model["id"]):
        del fees["web_search"]
    return sold | fees


def decimal(value):
    exact = Decimal(str(value))
    # Prices for a minute make endless fractions for a second: those are rounded up.
    return format(exact if exact % PICO == 0 else exact.quantize(PICO, ROUND_UP), "f")


def rates(model, suffix):
    """The classes that have a price under a suffix; none without both input and output."""
    fields = {name: field + suffix for name, field in CLASSES[model["provider"]].items()}
    found = {name: decimal(model[field]) for name, field in fields.items() if field in model}
    return found if "input" in found and "output" in found else {}


def tiers(model):
    priced = {tier: rates(model, suffix) for tier, suffix in TIERS.items()}
    return with_us(model, {tier: found for tier, found in priced.items() if found})


def long_context(model, base):
    """Prices above a prompt length, in the tiers that the model has below it."""
    for field in model:
        if found := re.fullmatch(r"input_cost_per_token(_above_(\d+)k_tokens)", field):
            above, thousands = found.groups()
            own = {tier: rates(model, above + TIERS[tier]) for tier in base if tier in TIERS}
            priced = {tier: rate or rates(model, above + BILLED_AS[tier]) for tier, rate in own.items()}
            return {"above_tokens": int(thousands) * 1000, "tiers": with_us(model, priced)}
    return None


def unknown_prices(model):
    """The fields that look like a price and are none that this script reads or leaves out."""
    above = r"(_above_\d+k_tokens)?"
    suffixes = "|".join(filter(None, TIERS.values()))
    known = [rf"{field}{above}({suffixes})?" for field in CLASSES[model["provider"]].values()]
    known += UNITS.values()
    costs = (field for field in model if "cost" in field and not NOT_INCURRED.search(field))
    return [field for field in costs if not any(re.fullmatch(pattern, field) for pattern in known)]


def entry(model):
    if unknown := unknown_prices(model):
        sys.exit(f"{model['id']}: what are {unknown}?")
    has_fee = FEE_BESIDES_TOKENS.search(model["id"])
    priced = {} if has_fee else tiers(model)
    out = {
        "id": model["id"],
        "provider": model["provider"],
        "mode": model["mode"],
        "context_tokens": model.get("max_input_tokens"),
        "output_tokens": model.get("max_output_tokens"),
        "tiers": priced,
    }
    if long := long_context(model, priced):
        out["long_context"] = long
    if sold := units(model):
        out["units"] = sold
    return out


def main():
    folder = Path(sys.argv[1])
    facts = json.loads((folder / "model-prices.json").read_text())
    check_rules(json.loads((folder / "usage-shapes.json").read_text()))
    catalogue = {
        "version": "2026-11-25",
        "source": facts["source"],
        "models": sorted((entry(m) for m in facts["models"]), key=lambda m: (m["provider"], m["id"])),
    }
    json.dump(catalogue, sys.stdout, indent=1)
    print()


main()

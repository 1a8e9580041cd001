#!/usr/bin/env python3
"""Converts the collected facts into the data files of the simulator.

Usage: sim.py FACTS_FOLDER [OUT_FOLDER]

FACTS_FOLDER holds openapi/anthropic.json, openapi/openai.yml,
provider-errors.json and model-prices.json. OUT_FOLDER is crates/sim/data of
this repository unless given. Written: anthropic.json and openai.json (JSON
Schema, only what the simulated calls need), errors.json, models.json.
"""

import json
import pathlib
import sys
from decimal import ROUND_UP, Decimal

import yaml

# Documentation and code generator hints: no meaning for a validator.
NOISE = {"description", "title", "example", "examples", "deprecated", "externalDocs", "default"}
SCHEMA_MAPS = {"properties", "patternProperties"}

ANTHROPIC_ROOTS = [
    "CreateMessageParams", "BetaCreateMessageParams", "Message", "MessageStreamEvent",
    "ErrorResponse", "ListResponse_ModelInfo_", "ModelInfo",
    "CountMessageTokensParams", "BetaCountMessageTokensParams", "CountMessageTokensResponse",
]
OPENAI_ROOTS = [
    "CreateChatCompletionRequest", "CreateChatCompletionResponse",
    "CreateChatCompletionStreamResponse", "ErrorResponse", "ListModelsResponse", "Model",
    "CreateCompletionRequest", "CreateCompletionResponse",
    "CreateEmbeddingRequest", "CreateEmbeddingResponse",
    "CreateModerationRequest", "CreateModerationResponse",
    "CreateResponse", "Response", "ResponseStreamEvent", "ResponseItemList",
    "TokenCountsBody", "TokenCountsResource", "CompactResponseMethodPublicBody", "CompactResource",
    "ChatCompletionList", "ChatCompletionDeleted", "ChatCompletionMessageList",
    "CreateSpeechRequest", "CreateSpeechResponseStreamEvent",
    "CreateTranscriptionRequest", "CreateTranscriptionResponseJson", "CreateTranscriptionResponseVerboseJson",
    "CreateTranscriptionResponseStreamEvent", "CreateTranslationRequest", "CreateTranslationResponseJson",
    "CreateTranslationResponseVerboseJson",
    "CreateImageRequest", "CreateImageEditRequest", "CreateImageVariationRequest", "ImagesResponse",
    "ImageGenStreamEvent", "ImageEditStreamEvent",
    "CreateFileRequest", "OpenAIFile", "ListFilesResponse", "DeleteFileResponse",
]
# What services take and their descriptions leave out: Codex sends it with every call.
UNPUBLISHED = {
    "CreateResponse": {"client_metadata": {"type": "object", "additionalProperties": {"type": "string"}}},
    "EasyInputMessage": {"id": {"type": "string"}},
    "InputMessage": {"id": {"type": "string"}},
    "WebSearchTool": {"search_content_types": {"type": "array", "items": {"type": "string"}}},
}
# What they do without although their descriptions do not: functions without `strict` are what LangChain and the AI SDK
# send, text without `citations` is what Anthropic answers where nothing is cited.
NOT_REQUIRED = [("FunctionTool", "strict"), ("ResponseTextBlock", "citations")]
# Bounds that OpenAI's descriptions state in words only.
WORDED = {
    ("Metadata", "anyOf", 0): {
        "maxProperties": 16, "propertyNames": {"maxLength": 64},
        "additionalProperties": {"type": "string", "maxLength": 512},
    },
    ("listInputItemsQuery", "properties", "limit"): {"minimum": 1, "maximum": 100},
}
# Operations whose query, or body, has no schema with a name of its own.
QUERIES = ["listFiles", "listChatCompletions", "getChatCompletionMessages", "getResponse", "listInputItems"]
BODIES = ["updateChatCompletion"]
PICO = Decimal(10) ** 12
# The kinds of models whose calls are simulated.
MODES = {
    "chat", "responses", "embedding", "moderation", "completion", "audio_speech", "audio_transcription", "image",
}
# Sold, but not in the price list: what their calls cost is not known here. Those with tokens tell them.
UNLISTED = [
    {
        "id": "gpt-3.5-turbo-instruct", "provider": "openai", "mode": "completion", "max_input_tokens": 4096,
        "max_output_tokens": 4096, "tells_tokens": True,
    },
    {
        "id": "gpt-image-1", "provider": "openai", "mode": "image", "max_input_tokens": 32000, "tells_tokens": True,
    },
    {"id": "dall-e-2", "provider": "openai", "mode": "image"},
]


def as_json_schema(node):
    """One OpenAPI schema as JSON Schema; OpenAPI 3.0 leftovers are translated."""
    if isinstance(node, list):
        return [as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {}
    for key, value in node.items():
        if key in NOISE or key.startswith("x-") or key == "nullable":
            continue
        if key in SCHEMA_MAPS:
            out[key] = {name: as_json_schema(sub) for name, sub in value.items()}
        elif key == "$ref":
            out[key] = "#/$defs/" + value.rsplit("/", 1)[1]
        elif key == "discriminator":
            out[key] = {"propertyName": value["propertyName"]}
        elif key in ("const", "enum", "required", "type"):
            out[key] = value
        elif key in ("minimum", "maximum") and isinstance(value, str):
            # YAML 1.1 reads an exponent without a dot as text.
            out[key] = int(Decimal(value))
        else:
            out[key] = as_json_schema(value)
    if node.get("nullable"):
        out = nullable(out)
    return out


def without_recursion(node, name):
    """`$recursiveRef` of an older draft means the named schema itself."""
    if isinstance(node, list):
        return [without_recursion(item, name) for item in node]
    if not isinstance(node, dict):
        return node
    if "$recursiveRef" in node:
        return {"$ref": "#/components/schemas/" + name}
    return {key: without_recursion(value, name) for key, value in node.items() if key != "$recursiveAnchor"}


def nullable(schema):
    """`nullable: true` means: this, or null."""
    if "enum" in schema and None not in schema["enum"]:
        schema = {**schema, "enum": [*schema["enum"], None]}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def flatten(schema, defs):
    """Merges `allOf` of plain objects into one object, so that the set of
    known members can be read off one place."""
    if isinstance(schema, list):
        return [flatten(item, defs) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: flatten(value, defs) for key, value in schema.items()}
    parts = schema.pop("allOf", None)
    if parts is None:
        return schema
    if len(parts) == 1 and not schema:
        return parts[0]
    merged = {"type": "object", "properties": {}, "required": []}
    for part in [*parts, schema]:
        while "$ref" in part:
            part = flatten(defs[part["$ref"].rsplit("/", 1)[1]], defs)
        merged["properties"].update(part.get("properties", {}))
        merged["required"] += part.get("required", [])
        rest = set(part) - {"type", "properties", "required"}
        if rest:
            raise SystemExit(f"allOf with {rest} cannot be merged")
    return merged


def references(node):
    """The names of all schemas a schema refers to."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value.rsplit("/", 1)[1]
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def with_operations(api):
    """The description with a schema for each query and body of an operation that has none; unknown parameters of a query
    are passed over."""
    operations = {one["operationId"]: one for path in api["paths"].values() for one in path.values()}
    named = api["components"]["schemas"]
    for name in QUERIES:
        parameters = [one for one in operations[name]["parameters"] if one["in"] == "query"]
        properties = {one["name"]: one["schema"] for one in parameters}
        named[name + "Query"] = {"type": "object", "properties": properties, "additionalProperties": {}}
    for name in BODIES:
        named[name + "Body"] = operations[name]["requestBody"]["content"]["application/json"]["schema"]
    return api


def closure(api, roots):
    """The named schemas and everything they refer to."""
    schemas = api["components"]["schemas"].items()
    defs = {name: as_json_schema(without_recursion(schema, name)) for name, schema in schemas}
    found, todo = {}, list(roots)
    while todo:
        name = todo.pop()
        if name not in found and name in defs:
            found[name] = flatten(defs[name], defs)
            todo += references(found[name])
    missing = [name for name in roots if name not in found]
    if missing:
        raise SystemExit(f"not in the description: {missing}")
    return {"$defs": dict(sorted(found.items()))}


def as_served(schemas):
    """The schemas without what their descriptions say otherwise than the services behave."""
    defs = schemas["$defs"]
    for name, members in UNPUBLISHED.items():
        defs.get(name, {"properties": {}})["properties"].update(members)
    for name, member in NOT_REQUIRED:
        if name in defs:
            defs[name]["required"].remove(member)
    # An object of which nothing is said stands for a whole JSON schema, the parameters of a function.
    if "EmptyModelParam" in defs:
        defs["EmptyModelParam"]["additionalProperties"] = {}
    return schemas


def as_worded(schemas):
    """OpenAI's schemas with the bounds that stand in descriptions only."""
    for way, bounds in WORDED.items():
        schema = schemas["$defs"]
        for step in way:
            schema = schema[step]
        schema.update(bounds)
    return schemas


def pico(value):
    """USD per token in whole pico-USD, or nothing."""
    if value is None:
        return None
    scaled = Decimal(repr(value)) * PICO
    if scaled != scaled.to_integral_value():
        raise SystemExit(f"price {value} is finer than a pico-USD")
    return int(scaled)


def price_set(model, suffix):
    """The five token classes under one suffix of the price file."""
    def read(name):
        return pico(model.get(name + suffix))
    write = read("cache_creation_input_token_cost")
    # What speech gives is sound, and sold as such.
    output = "output_cost_per_audio_token" if model["mode"] == "audio_speech" else "output_cost_per_token"
    return {
        "input": read("input_cost_per_token"),
        "output": read(output),
        "cache_read": read("cache_read_input_token_cost"),
        "cache_write": write,
        # The one-hour name puts its own suffix before the tier's.
        "cache_write_1h": pico(model.get("cache_creation_input_token_cost_above_1hr" + suffix)),
        **sound(model, suffix),
    }


def sound(model, suffix):
    """Prices of heard and spoken tokens, where models that chat have them."""
    fields = {"audio_input": "input_cost_per_audio_token", "audio_output": "output_cost_per_audio_token"}
    found = {name: pico(model.get(field + suffix)) for name, field in fields.items() if model["mode"] == "chat"}
    return {name: price for name, price in found.items() if price is not None}


def usable(prices):
    """A price set, missing classes priced as input; none without both ends."""
    if prices["input"] is None or prices["output"] is None:
        return None
    for name in ("cache_read", "cache_write"):
        if prices[name] is None:
            prices[name] = prices["input"]
    if prices["cache_write_1h"] is None:
        prices["cache_write_1h"] = prices["cache_write"]
    return prices


def model_row(model):
    """One model with its prices by service tier; its mode unless that is chat."""
    long_names = [key for key in model if key.startswith("input_cost_per_token_above_") and key.endswith("k_tokens")]
    threshold = long_names[0].split("_above_")[1].split("k_")[0] if long_names else None
    tiers = {}
    for tier, suffix in (("default", ""), ("flex", "_flex"), ("priority", "_priority")):
        base = usable(price_set(model, suffix))
        if base is None:
            continue
        tiers[tier] = {"base": base}
        if threshold:
            above = usable(price_set(model, f"_above_{threshold}k_tokens{suffix}"))
            if above:
                tiers[tier]["long"] = above
            elif tier == "priority":
                # Served as standard, and billed so.
                tiers[tier]["long"] = tiers["default"]["long"]
    mode = {} if model["mode"] == "chat" else {"mode": model["mode"]}
    return {
        "id": model["id"],
        "provider": model["provider"],
        **mode,
        "max_input_tokens": model.get("max_input_tokens") or 128000,
        "max_output_tokens": model.get("max_output_tokens") or 16384,
        "long_above": int(threshold) * 1000 if threshold else None,
        "prices": tiers,
        **units(model),
        **({"reasons": True} if "reasoning" in model.get("supports", []) else {}),
        **({"tells_tokens": True} if model.get("tells_tokens") else {}),
    }


def pico_up(value):
    """The same of a price that was divided by sixty."""
    return int((Decimal(repr(value)) * PICO).to_integral_value(ROUND_UP))


UNITS = {"second": "input_cost_per_second", "character": "input_cost_per_character"}


def units(model):
    """Prices of other things than tokens of text."""
    found = {unit: pico_up(model[field]) for unit, field in UNITS.items() if field in model}
    return {"units": found} if found and model["mode"] not in ("chat", "responses") else {}


def error_row(entry):
    """What of an error goes over the wire."""
    return {key: entry.get(key) for key in ("id", "provider", "status", "transport", "headers", "body")}


def write(path, value):
    """Compact per line, so that a change of one entry is one line of diff."""
    if isinstance(value, list):
        text = "[\n" + ",\n".join(json.dumps(item, ensure_ascii=False) for item in value) + "\n]\n"
    else:
        lines = [json.dumps(k) + ": " + json.dumps(v, ensure_ascii=False) for k, v in value["$defs"].items()]
        text = '{"$defs": {\n' + ",\n".join(lines) + "\n}}\n"
    path.write_text(text, encoding="utf-8")


def main():
    """Reads the facts, writes the data."""
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    facts = pathlib.Path(sys.argv[1])
    here = pathlib.Path(__file__).resolve().parents[2] / "crates" / "sim" / "data"
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else here
    out.mkdir(parents=True, exist_ok=True)
    anthropic = json.loads((facts / "openapi" / "anthropic.json").read_text(encoding="utf-8"))
    openai = yaml.safe_load((facts / "openapi" / "openai.yml").read_text(encoding="utf-8"))
    write(out / "anthropic.json", as_served(closure(anthropic, ANTHROPIC_ROOTS)))
    roots = [*OPENAI_ROOTS, *(f"{name}Query" for name in QUERIES), *(f"{name}Body" for name in BODIES)]
    write(out / "openai.json", as_worded(as_served(closure(with_operations(openai), roots))))
    errors = json.loads((facts / "provider-errors.json").read_text(encoding="utf-8"))["errors"]
    write(out / "errors.json", [error_row(entry) for entry in errors])
    models = json.loads((facts / "model-prices.json").read_text(encoding="utf-8"))["models"]
    write(out / "models.json", [model_row(m) for m in [*models, *UNLISTED] if m.get("mode") in MODES])


if __name__ == "__main__":
    main()

"""The providers' published schemas, as the simulator has them."""

import json
from functools import cache

from jsonschema import Draft202012Validator

from .process import ROOT

LISTS = {"openai": "ListModelsResponse", "anthropic": "ListResponse_ModelInfo_"}
MODELS = {"openai": "Model", "anthropic": "ModelInfo"}


@cache
def _file(provider: str) -> dict:
    return json.loads((ROOT / f"crates/sim/data/{provider}.json").read_text())


@cache
def _validator(provider: str, name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{name}", **_file(provider)})


@cache
def _branches(provider: str, name: str) -> dict[str, str]:
    """The schemas that a union of events consists of, by the type that each names; none where it is no union."""
    defs = _file(provider)["$defs"]
    union = defs[name].get("anyOf") or defs[name].get("oneOf") or []
    names = [branch["$ref"].rsplit("/", 1)[1] for branch in union]
    kind = lambda name: defs[name]["properties"]["type"]  # noqa: E731
    return {kind(one)["const"] if "const" in kind(one) else kind(one)["enum"][0]: one for one in names}


def problems(provider: str, name: str, value) -> list[str]:
    """Everything in which a value is not what the provider's schema of that name says."""
    return [f"{error.json_path}: {error.message}" for error in _validator(provider, name).iter_errors(value)]


def event_problems(provider: str, name: str, event: dict) -> list[str]:
    """The same of an event of a stream, of which its type says what it must be."""
    branches = _branches(provider, name)
    if not branches:
        return problems(provider, name, event)
    kind = event.get("type")
    return problems(provider, branches[kind], event) if kind in branches else [f"$.type: no event is {kind!r}"]

"""The providers' published schemas, as the simulator has them."""

import json
from functools import cache

from jsonschema import Draft202012Validator

from .process import ROOT

LISTS = {"openai": "ListModelsResponse", "anthropic": "ListResponse_ModelInfo_"}
MODELS = {"openai": "Model", "anthropic": "ModelInfo"}


@cache
def _validator(provider: str, name: str) -> Draft202012Validator:
    file = json.loads((ROOT / f"crates/sim/data/{provider}.json").read_text())
    return Draft202012Validator({"$ref": f"#/$defs/{name}", **file})


def problems(provider: str, name: str, value) -> list[str]:
    """Everything in which a value is not what the provider's schema of that name says."""
    return [f"{error.json_path}: {error.message}" for error in _validator(provider, name).iter_errors(value)]

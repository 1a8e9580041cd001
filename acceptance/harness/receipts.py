"""Receipts beside what the simulator logged: the book must say what the provider says."""

from collections import Counter
from decimal import Decimal

from .load import Result


def tokens(entry: dict) -> dict[str, int] | None:
    """What a logged answer said of its tokens, in Ownkey's words and the provider's own classes."""
    usage = entry["usage"]
    if not usage:
        return None
    if entry["provider"] == "openai":
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        return {"input": usage["prompt_tokens"], "cache_read": cached, "output": usage["completion_tokens"]}
    written = usage["cache_creation"]
    return {
        "input": usage["input_tokens"],
        "cache_read": usage["cache_read_input_tokens"],
        "cache_write_5m": written["ephemeral_5m_input_tokens"],
        "cache_write_1h": written["ephemeral_1h_input_tokens"],
        "output": usage["output_tokens"],
    }


def problems(receipts: list[dict], entries: list[dict], results: list[Result]) -> list[str]:
    """Everything in which the two books disagree about calls that both have; and calls that only the provider has."""
    with_attempt = [receipt for receipt in receipts if receipt["attempts"]]
    twice = [id for id, count in Counter(r["client_request_id"] for r in receipts).items() if count > 1]
    found = [f"{id}: more than one receipt" for id in twice]
    logged = {entry["client_request_id"]: entry for entry in entries}
    found += [f"{id}: logged, no receipt" for id in logged.keys() - {r["client_request_id"] for r in with_attempt}]
    callers = {result.plan.id: result for result in results}
    for receipt in with_attempt:
        id = receipt["client_request_id"]
        if entry := logged.get(id):
            found += [f"{id}: {problem}" for problem in _differences(receipt, entry, callers[id])]
    return found


def attempts_nobody_saw(receipts: list[dict], entries: list[dict]) -> list[str]:
    """Attempts on receipts of which the provider knows nothing."""
    logged = {entry["client_request_id"] for entry in entries}
    unseen = (r for r in receipts if r["attempts"] and r["client_request_id"] not in logged)
    return [f"{receipt['client_request_id']} ({receipt['outcome']})" for receipt in unseen]


def _differences(receipt: dict, entry: dict, caller: Result):
    attempt = receipt["attempts"][-1]
    if len(receipt["attempts"]) != 1:
        yield f"{len(receipt['attempts'])} attempts"
    # Without a head there is neither a status nor the provider's id.
    if attempt["status"] is not None:
        if attempt["provider_request_id"] != entry["id"]:
            yield f"provider_request_id {attempt['provider_request_id']}, logged as {entry['id']}"
        if attempt["status"] != entry["status"]:
            yield f"status {attempt['status']}, logged {entry['status']}"
    elif caller.status == 200:
        yield "the caller saw a head, the receipt has no status"
    if receipt["outcome"] not in allowed_outcomes(entry, caller):
        yield f"outcome {receipt['outcome']}, logged {entry['outcome']} {entry['status']}, left={caller.left}"
    if receipt["outcome"] == "complete":
        yield from _token_differences(receipt, entry)


def allowed_outcomes(entry: dict, caller: Result) -> set[str]:
    if entry["outcome"] == "cancelled":
        return {"cancelled"}
    truly = "complete" if entry["outcome"] == "complete" and entry["status"] < 400 else "failed"
    # The simulator may have written its last byte when the caller had already left.
    return {truly, "cancelled"} if caller.left else {truly}


def _token_differences(receipt: dict, entry: dict):
    told = tokens(entry)
    if told is None:
        # What the provider did not tell is unknown; it is not 0.
        if receipt["measured"] == "measured" or receipt["cost_usd"] is not None:
            yield f"measured {receipt['measured']} at {receipt['cost_usd']}, the provider told no usage"
        return
    for name, count in told.items():
        if receipt["usage"].get(name, 0) != count:
            yield f"{name} {receipt['usage'].get(name)}, logged {count}"
    costs = [None if told["cost_usd"] is None else Decimal(told["cost_usd"]) for told in (receipt, entry)]
    if costs[0] != costs[1]:
        yield f"cost {receipt['cost_usd']}, the provider bills {entry['cost_usd']}"

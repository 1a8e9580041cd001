"""Usage totals beside the receipts they are the sum of."""

from collections import Counter
from decimal import Decimal


def sums(receipts: list[dict], by: str) -> dict:
    """What the totals must be, from the receipts alone."""
    rows: dict = {}
    for receipt in receipts:
        row = rows.setdefault(receipt[by], {"calls": 0, "usage": Counter(), "cost_usd": Decimal(0)})
        row["calls"] += 1
        row["usage"].update(receipt["usage"])
        row["cost_usd"] += Decimal(receipt["cost_usd"] or 0)
    return rows


def disagreements(workspace) -> list[str]:
    """Where the usage page says something else than the receipts."""
    receipts, found = workspace.receipts(), []
    for by in ("payer", "model", "api_key", "provider"):
        expected = sums(receipts, by)
        told = {row["key"]: row for row in workspace.usage(group_by=by)["data"]}
        if told.keys() != expected.keys():
            found.append(f"{by}: {sorted(map(str, told))} instead of {sorted(map(str, expected))}")
            continue
        for key, row in expected.items():
            have = told[key]
            usage = {name: count for name, count in have["usage"].items() if count}
            want = {name: count for name, count in row["usage"].items() if count}
            if (have["calls"], usage, Decimal(have["cost_usd"])) != (row["calls"], want, row["cost_usd"]):
                found.append(f"{by} {key}: {have} instead of {row}")
    return found

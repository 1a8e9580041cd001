"""What workspaces of the product Niyra are charged, hold and have."""

import re
from decimal import ROUND_UP, Decimal

from .products import code

MICRO = Decimal("0.000001")


def credits(cost_usd) -> Decimal:
    """What Niyra's customers pay for that cost: rounded up once."""
    return (Decimal(cost_usd) * Decimal("1.2") / Decimal("0.01")).quantize(MICRO, ROUND_UP)


def purse(workspace) -> dict[str, Decimal]:
    """The credits of a workspace, once all its receipts are in the book."""
    workspace.receipts()
    told = workspace.operator.get(f"{workspace.path}/credits")
    return {name: Decimal(told[name]) for name in ("balance", "held", "available")}


def entries(workspace) -> list[dict]:
    """Each change of its credits, oldest first, once all its receipts are in the book."""
    workspace.receipts()
    return workspace.operator.all(f"{workspace.path}/ledger", limit=200)[::-1]


def posted(workspace, request: str) -> Decimal:
    """What the book has taken for a call."""
    return -sum((Decimal(entry["change"]) for entry in entries(workspace) if entry["request"] == request), Decimal(0))


def needed(answer) -> tuple[Decimal, int | None]:
    """The hold that a refusal names, and the output limit that would fit."""
    assert code(answer) == (402, "insufficient_credits"), answer.text
    hold = re.search(r"a hold of ([0-9.]+) credits", answer.text)
    fits = re.search(r"an output limit of ([0-9]+) tokens would fit", answer.text)
    return Decimal(hold[1]), int(fits[1]) if fits else None


def told(answer) -> tuple[Decimal, Decimal, Decimal]:
    """Hold, balance and what is available, as a refusal tells them."""
    hold, _ = needed(answer)
    there = re.search(r"The balance is ([0-9.]+), of which ([0-9.]+) are not held", answer.text)
    return hold, Decimal(there[1]), Decimal(there[2])


def checked(server):
    """The book is sound, and nothing is held."""
    said = server.run("ledger", "check", "--config", server.folder / "ownkey.toml")
    assert said.returncode == 0 and "0 open holds" in said.stdout, said.stdout + said.stderr

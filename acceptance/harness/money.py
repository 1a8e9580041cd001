"""Credits and budgets as tests count them, beside what the server says."""

import re
import socket
from decimal import ROUND_UP, Decimal
from urllib.parse import urlsplit

from .load import request
from .products import code, grant, workspace

MICRO = Decimal("0.000001")
# USD for a million tokens, in and out, of what `call_body` asks for.
PRICES = {"openai": (Decimal("0.15"), Decimal("0.6")), "anthropic": (Decimal(1), Decimal(5))}


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


def rich(server, amount=1_000):
    """A workspace that has credits."""
    acme = workspace(server, "pro")
    grant(acme, amount)
    return acme


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
    told = server.run("ledger", "check", "--config", server.folder / "ownkey.toml")
    assert told.returncode == 0 and "0 open holds" in told.stdout, told.stdout + told.stderr


def set_budget(workspace, **fields) -> dict:
    """A budget of that workspace; it blocks, a day at a time, unless told otherwise."""
    body = {"scope": "workspace", "payer": "any", "period": "day", "action": "block", "unpriced": "refuse"} | fields
    return workspace.operator("POST", f"{workspace.path}/budgets", body, 201).json()


def counted(workspace, budget: dict) -> dict:
    """What a budget has counted, once all receipts are in the book."""
    workspace.receipts()
    return workspace.operator.get(f"{workspace.path}/budgets/{budget['id']}")


def used(workspace, budget: dict) -> Decimal:
    return Decimal(counted(workspace, budget)["used_usd"])


def leave(server, secret, plan, when):
    """A call whose caller leaves when that has come back."""
    target = urlsplit(server.url)
    with socket.create_connection((target.hostname, target.port), timeout=30) as connection:
        connection.sendall(request(plan, secret, target.netloc))
        when(connection)


def events_came(number):
    """Reads until so many events of a stream are there."""

    def when(connection):
        data = b""
        while data.count(b"data: ") < number:
            data += connection.recv(4096)

    return when

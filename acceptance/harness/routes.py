"""The pages of the dashboard, as its own router lists them: a new one is looked at without anybody adding it here."""

import re
from dataclasses import dataclass

from .process import ROOT

ROUTER = ROOT / "dashboard" / "src" / "router.tsx"
ROUTE = re.compile(r"const (\w+) = createRoute\(\{(.*?)\n?\}\);", re.DOTALL)
PARENT = re.compile(r"getParentRoute: \(\) => (\w+)")
PLACE = re.compile(r'\b(path|id): "([^"]*)"')
DIALOG = 'flag("new")'


@dataclass(frozen=True)
class Route:
    """A page: its address with `$names` in it, and the routes it is within."""

    path: str
    within: tuple[str, ...]
    makes_new: bool

    @property
    def viewer(self) -> str:
        """Who is to look at it."""
        if "operator" in self.within:
            return "operator"
        return "member" if "signedIn" in self.within else "anybody"

    def address(self, **names: str) -> str:
        """With its names filled in; one that nobody knows fails the test that asks."""
        return re.sub(r"\$(\w+)", lambda name: names[name[1]], self.path)


def routes() -> list[Route]:
    """Every page, in the order of the router. What only stands around others is none."""
    text = ROUTER.read_text()
    found = {name: body for name, body in ROUTE.findall(text)}
    assert len(found) == text.count("createRoute("), "the router is written in another way now: read it anew"
    parents = {name: PARENT.search(body)[1] for name, body in found.items()}

    def chain(name: str) -> list[str]:
        return [name, *chain(parents[name])] if name in parents else []

    def path(name: str) -> str:
        kind, place = PLACE.search(found[name]).groups()
        return "" if kind == "id" else place.rstrip("/")

    frames = set(parents.values())
    return [
        Route("".join(path(one) for one in reversed(chain(name))) or "/", tuple(chain(name)[1:]), DIALOG in body)
        for name, body in found.items()
        if name not in frames
    ]

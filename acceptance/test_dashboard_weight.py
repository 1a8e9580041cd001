"""What the dashboard loads, measured at the program's own answers, and what it keeps of a key."""

import httpx
import pytest
from playwright.sync_api import expect

from harness.api import LOCAL
from harness.dashboard import KEPT, PROVIDERS_PAGE, open_providers, person, save_key
from harness.products import settings
from harness.products import workspace as new_workspace
from harness.server import Server
from harness.sim import provider_key

FIRST_LOAD_MAX = 250_000
# When the page's own heading is there, React answers what is pressed.
INTERACTIVE = """new MutationObserver((_, observer) => {
  if (!document.querySelector("h1")) return;
  window.interactiveAfter = performance.now();
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });"""


@pytest.fixture(scope="module")
def celune(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("celune"), sim, settings=settings("celune")).start()
    yield running
    running.stop()


@pytest.fixture
def acme(celune):
    return new_workspace(celune, "pro")


@pytest.fixture
def dana(celune, acme, visit):
    one = visit(celune)
    one.enter(person(celune, acme))
    return one


def scripts(visit) -> list[str]:
    return [url for _, url, _ in visit.requests if url.split("?")[0].endswith(".js")]


def weight(urls: list[str]) -> int:
    """As the program sends them to who takes gzip."""
    total = 0
    for url in urls:
        with httpx.stream("GET", url, headers={"accept-encoding": "gzip"}, **LOCAL) as answer:
            assert answer.headers["content-encoding"] == "gzip" and "immutable" in answer.headers["cache-control"]
            total += sum(map(len, answer.iter_raw()))
    return total


@pytest.mark.parametrize("path", ["", PROVIDERS_PAGE, "settings/integrations/connections", "login"])
def test_the_first_page_is_light_and_has_no_chart_in_it(acme, dana, visit, celune, report, path):
    one = visit(celune) if path == "login" else dana
    one.context.add_init_script(INTERACTIVE)
    one.page.goto("/login" if path == "login" else f"/w/{acme.id}/{path}")
    expect(one.page.get_by_role("heading", level=1)).to_be_visible()
    one.page.wait_for_load_state("networkidle")
    loaded = scripts(one)
    total = weight(loaded)
    report(f"first load of /{path}: {total / 1000:.1f} kB of script in {len(loaded)} files (gzip)")
    # A figure to read, and no bound: it is the machine's as much as the page's.
    report(f"  interactive after {one.page.evaluate('window.interactiveAfter'):.0f} ms")
    assert len(loaded) > 1 and total <= FIRST_LOAD_MAX
    assert not [url for url in loaded if "Chart" in url], loaded


def test_charts_come_after_what_stands_around_them(acme, dana, report):
    acme.ask("openai")
    held = []
    dana.page.route("**/*Chart-*.js", lambda route: held.append(route))
    dana.page.goto(f"/w/{acme.id}")
    # All of the page but its chart is there while that has not come.
    expect(dana.page.get_by_role("table").last).to_be_visible()
    expect(dana.page.get_by_role("heading", name="Spend by payer")).to_be_visible()
    total = weight([url for url in scripts(dana) if "Chart" not in url])
    assert held and total <= FIRST_LOAD_MAX
    for route in held:
        route.continue_()
    expect(dana.page.locator(".recharts-surface").first).to_be_visible()
    report(f"overview: {total / 1000:.1f} kB of script, with charts {weight(scripts(dana)) / 1000:.1f} kB (gzip)")


def test_a_saved_key_is_in_one_request_and_stays_nowhere(acme, dana, report):
    page, key = dana.page, provider_key("anthropic")
    said = []
    page.on("console", lambda message: said.append(message.text))
    open_providers(dana, acme, "?add=anthropic")
    save_key(page, "Anthropic", key)
    expect(page.get_by_role("dialog").get_by_role("heading", name="The key works")).to_be_visible()
    kept = [page.evaluate(KEPT)]
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    kept.append(page.evaluate(KEPT))
    carrying = [method for method, url, body in dana.requests if key in url or key in body]
    assert carrying == ["PUT"]
    stores = page.evaluate(
        "async () => JSON.stringify([await indexedDB.databases(), await caches.keys(), document.cookie, performance.getEntries()])"
    )
    assert not [text for text in [*kept, *said, stores] if key in text]
    report(f"the heap after the dialog has closed holds the key {heap(dana).count(key)} times")


def heap(visit) -> str:
    """All that scripts of the page have in memory, once what they have let go of is collected."""
    session, pieces = visit.context.new_cdp_session(visit.page), []
    session.on("HeapProfiler.addHeapSnapshotChunk", lambda event: pieces.append(event["chunk"]))
    session.send("HeapProfiler.collectGarbage")
    session.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    return "".join(pieces)

"""How a person works a page: with a mouse, with a keyboard alone, or with a finger on a phone."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from .dashboard import DESK, PHONE, PROVIDERS_PAGE

# More stops than any page has.
STOPS_MAX = 90
KEYS = {"radio": "Space", "combobox": "ArrowDown"}
IS_ANYWHERE = "document.activeElement !== null && document.activeElement !== document.body"
IS_FOCUSED = "element => element === document.activeElement"
# A field's ring is around the frame that it stands in.
HAS_RING = """() => {
  const field = document.activeElement;
  const frames = [field, field.parentElement, field.parentElement.parentElement].map((one) => getComputedStyle(one));
  return frames.some((style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
}"""


@dataclass
class Hands:
    """One way to do everything."""

    name: str
    page: Page

    def press(self, target: Locator):
        """A button, a link, a choice."""
        expect(target).to_be_visible()
        if self.name == "mouse":
            target.click()
        elif self.name == "touch":
            target.tap()
        else:
            self.reach(target)
            self.page.keyboard.press(KEYS.get(target.get_attribute("role"), "Enter"))

    def reach(self, target: Locator):
        """With the tabulator, from wherever the focus is."""
        expect(target).to_be_visible()
        for _ in range(STOPS_MAX):
            if target.evaluate(IS_FOCUSED):
                assert self.page.evaluate(HAS_RING), f"no focus ring on {target}"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the tabulator does not lead to {target}")

    def paste(self, target: Locator, text: str):
        """From the clipboard, as keys come."""
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        if self.name == "keyboard":
            self.reach(target)
        else:
            self.press(target)
        self.page.keyboard.press("Control+V")

    def finish(self):
        """Closes the dialog; whoever works by keyboard goes on from a place on the page."""
        self.press(self.page.get_by_role("button", name="Done"))
        self.gone()

    def gone(self):
        """The dialog is closed, and the focus is not lost with it."""
        expect(self.page.get_by_role("dialog")).to_have_count(0)
        self.page.wait_for_function(IS_ANYWHERE)

    def open_providers(self):
        """By the navigation, from any page."""
        places = self.page.get_by_role("navigation")
        if self.name == "touch":
            self.press(self.page.get_by_role("button", name="Navigation"))
        self.press(places.get_by_role("link", name="AI Providers", exact=True))
        self.page.wait_for_url(f"**/{PROVIDERS_PAGE}*")
        expect(self.page.get_by_role("heading", name="AI Providers", level=1)).to_be_visible()


WAYS = {
    "mouse": {"viewport": DESK},
    "keyboard": {"viewport": DESK},
    "touch": {"viewport": PHONE, "touch": True},
}

// Runs before all else: no markup may ever be made from a string, and the theme is set before the first paint.
window.trustedTypes?.createPolicy("default", {
  createHTML(text) {
    if (text.includes("<")) throw new TypeError("Markup from a string is not allowed");
    return text;
  },
});
try {
  const stored = localStorage.getItem("ownkey-theme") ?? "auto";
  const dark = stored === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : stored === "dark";
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
} catch {
  // Storage may be forbidden; the page then follows the system.
}

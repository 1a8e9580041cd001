"""Bars, as SVG. Gateways differ by factors of hundreds, so lengths are logarithms, and each bar names its value."""

import math
from html import escape

from ..summary import Missing, Summary
from .tables import number

CHARTS = {
    "throughput": ("Calls a second, 64 connections (more is better)", lambda s, gateway: s("chat-64", gateway, "rate")),
    "cpu": ("CPU of a call, µs (less is better)", lambda s, gateway: s("chat-64", gateway, "cpu_us")),
    "latency": ("Added at one connection, p50, µs (less is better)", lambda s, gateway: s.added("chat-1", gateway, "total_p50_ms") * 1000),
    "memory": ("Memory at 64 connections, MiB (less is better)", lambda s, gateway: s("chat-64", gateway, "rss_peak_mib")),
}
WIDTH, NAMES, VALUES = 720, 130, 80
TOP, BAR, STEP = 40, 20, 30
OURS, OTHERS = "#3b5bdb", "#adb5bd"


def charts(summary: Summary, kinds: list) -> dict[str, str]:
    """Every chart that has something to show."""
    drawn = {}
    for name, (title, value) in CHARTS.items():
        bars = []
        for kind in kinds:
            try:
                height = value(summary, kind.name)
            except Missing:
                continue
            if height > 0 and not (kind.name == "direct" and name == "latency"):
                bars.append((kind.title, height, kind.name == "ownkey"))
        if bars:
            drawn[name] = _draw(title, bars)
    return drawn


def _draw(title: str, bars: list[tuple[str, float, bool]]) -> str:
    # The decade below the least value is where bars begin.
    least = 10 ** math.floor(math.log10(min(value for _, value, _ in bars)))
    most = max(value for _, value, _ in bars)
    decades = max(math.log10(most / least), 0.1)
    room, height = WIDTH - NAMES - VALUES, TOP + STEP * len(bars) + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15" font-weight="600" fill="#212529">{escape(title)}</text>',
    ]
    for place, (name, value, ours) in enumerate(bars):
        top, length = TOP + STEP * place, max(2.0, room * math.log10(value / least) / decades)
        parts.append(f'<text x="{NAMES - 8}" y="{top + 15}" text-anchor="end" fill="#212529">{escape(name)}</text>')
        parts.append(f'<rect x="{NAMES}" y="{top}" width="{length:.1f}" height="{BAR}" rx="2" fill="{OURS if ours else OTHERS}"/>')
        parts.append(f'<text x="{NAMES + length + 6:.1f}" y="{top + 15}" fill="#212529">{number(value)}</text>')
    parts.append(f'<text x="12" y="{height - 8}" font-size="11" fill="#868e96">logarithmic from {least:g}</text>')
    return "\n".join([*parts, "</svg>", ""])

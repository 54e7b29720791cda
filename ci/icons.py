"""Draw the icons of app/static/icons anew from their one shape: `python -m ci.icons`, with Chromium installed."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ICONS = Path(__file__).resolve().parent.parent / "app" / "static" / "icons"
GREEN, LINES = "#0a7a4b", "M9.5 12h13M9.5 16.5h13M9.5 21h7"
BUBBLE = "M8 3h16a5 5 0 0 1 5 5v16a5 5 0 0 1-5 5H5a2 2 0 0 1-2-2V8a5 5 0 0 1 5-5Z"
# Name, side, how much of it the shape fills, its ground, the bubble's colour and its lines'. What may be cut to any
# form keeps within the middle 80 % (W3C Web Application Manifest, maskable); Android shows a badge's outline alone.
DRAWN = (
    ("icon-192", 192, 1.0, "none", GREEN, "#fff"),
    ("icon-512", 512, 1.0, "none", GREEN, "#fff"),
    ("icon-maskable", 512, 0.7, GREEN, "#fff", GREEN),
    ("apple-touch", 180, 0.78, GREEN, "#fff", GREEN),
    ("badge", 96, 1.0, "none", "#fff", "none"),
)


def svg(side: int, fill: float, ground: str, bubble: str, lines: str) -> str:
    """Return one icon. A badge's lines are cut out of its bubble."""
    cut = lines == "none"
    mask = f'<mask id="m"><path d="{BUBBLE}" fill="#fff"/><path d="{LINES}" stroke="#000"/></mask>' if cut else ""
    shape = f'<path d="{BUBBLE}" fill="{bubble}"{" mask=" + chr(34) + "url(#m)" + chr(34) if cut else ""}/>'
    drawn = "" if cut else f'<path d="{LINES}" stroke="{lines}"/>'
    around = f"translate({16 - 16 * fill} {16 - 16 * fill}) scale({fill})"
    size = f'width="{side}" height="{side}" viewBox="0 0 32 32" stroke-width="2.2" stroke-linecap="round"'
    placed = f'<rect width="32" height="32" fill="{ground}"/><g transform="{around}">{shape}{drawn}</g>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{mask}{placed}</svg>'


def draw() -> None:
    """Write every icon."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, side, fill, ground, bubble, lines in DRAWN:
            page = browser.new_page(viewport={"width": side, "height": side})
            page.set_content(f"<body style='margin:0'>{svg(side, fill, ground, bubble, lines)}")
            page.screenshot(path=ICONS / f"{name}.png", omit_background=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    draw()

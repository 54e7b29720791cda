"""The colours where a browser does not know light-dark(): a property that holds it would be nothing at all."""

from __future__ import annotations

import re
from pathlib import Path

STYLES = Path(__file__).resolve().parents[1] / "app" / "static" / "css"
FALLBACK = "@supports not (color: light-dark(#fff, #000)) {"


def test_every_colour_of_two_themes_has_a_plain_one_for_older_browsers() -> None:
    for path in STYLES.glob("*.css"):
        usual, _, fallback = path.read_text(encoding="utf-8").partition(FALLBACK)
        light, _, dark = fallback.partition("@media (prefers-color-scheme: dark)")

        for name in re.findall(r"(--[a-z-]+): light-dark\(", usual):
            for theme in (light, dark):
                assert re.search(rf"{name}: #[0-9a-f]{{3,6}};", theme), (path.name, name)
        assert "light-dark" not in fallback

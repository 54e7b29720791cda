"""What the guides for developers name is there: files and folders move, and the guides go along."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDES = ("CONTRIBUTING.md", "docs/architecture.md")
# A path from the root, wherever it stands; and a file at the root, in backticks. Addresses begin with a slash.
PATHS = re.compile(
    r"(?<![\w/.-])((?:app|bench|ci|docs|migrations|simulator|tests)/[\w./-]*\w/?|(?:app|tests|bench|ci|simulator)/)"
)
AT_THE_ROOT = re.compile(r"`([\w.]+\.(?:py|md|yaml|ini|toml|example))`")
LINKS = re.compile(r"\]\(([^)#:]+)\)")
# Names of files that several folders have.
SHARED_NAMES = {"views.py", "api.py", "__init__.py", "outcomes.py", "messages.po", "messages.mo"}


@pytest.mark.parametrize("guide", GUIDES)
def test_every_path_that_a_guide_names_exists(guide: str) -> None:
    text = (ROOT / guide).read_text()
    named = {*PATHS.findall(LINKS.sub("]", text)), *AT_THE_ROOT.findall(text)} - SHARED_NAMES

    missing = sorted(path for path in named if not (ROOT / path).exists())

    assert len(named) > 20
    assert missing == []


@pytest.mark.parametrize("guide", GUIDES)
def test_every_link_of_a_guide_leads_somewhere(guide: str) -> None:
    folder = (ROOT / guide).parent

    assert [link for link in LINKS.findall((ROOT / guide).read_text()) if not (folder / link).exists()] == []

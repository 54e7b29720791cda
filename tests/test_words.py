"""One word for one thing on screen (docs/words.md): what was mixed up before stays apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Sentences for people, in code and templates: what gettext is asked for.
SENTENCE = re.compile(r"""(?:\b_|_l|gettext)\(\s*(?:"([^"]*)"(?:,\s*"([^"]*)")?|'([^']*)'(?:,\s*'([^']*)')?)""")


def sentences() -> list[tuple[str, str]]:
    found = []
    for path in sorted([*ROOT.glob("app/**/*.py"), *ROOT.glob("app/templates/**/*.html")]):
        for match in SENTENCE.finditer(path.read_text()):
            found += [(path.relative_to(ROOT).as_posix(), words) for words in match.groups() if words]
    return found


def test_the_sentences_are_found() -> None:
    said = {words for _path, words in sentences()}

    assert {"Mandar", "Nueva coordinación", "%(num)d mensajes en %(where)s"} <= said


@pytest.mark.parametrize(
    ("wrong", "except_for"),
    [
        (r"(?i)\benv[ií]", set()),
        (r"(?i)\bsin coordinación|\bpor coordinación|coordinación hablan|mensajes de esta coordinación", set()),
        (r"(?i)\b(ficha|expediente)\b", set()),
        (r"(?i)\bnotificaci", {"notificaciones del sistema"}),
    ],
)
def test_no_sentence_has_another_word_for_the_same(wrong: str, except_for: set[str]) -> None:
    said = [(path, words) for path, words in sentences() if re.search(wrong, words)]

    assert [one for one in said if not any(words in one[1] for words in except_for)] == []


def test_the_readme_says_mandar_too() -> None:
    assert re.findall(r"(?i)\benv[ií]\w*", re.sub(r"(?i)environment\w*", "", (ROOT / "README.es.md").read_text())) == []

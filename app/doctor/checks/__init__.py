"""What the diagnosis finds, line by line. The checks take plain facts and know no database, network or clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from babel.dates import format_timedelta
from flask_babel import get_locale
from flask_babel.speaklater import LazyString

from app.logs import without_passwords

# A sentence that is put into words when it is shown: people read it in the office's language, a shell in English.
Sentence = Any


class State(StrEnum):
    """How it is: fine, worth a look, or to be mended."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True)
class Check:
    """One line: what was looked at, how it is, what was seen, and what to do about it."""

    name: str
    state: State
    seen: Sentence
    fix: Sentence = ""


def _clean(sentence: Sentence) -> Sentence:
    """Return a sentence in which no address shows a password; it is still put into words when it is shown."""
    return LazyString(lambda: without_passwords(str(sentence))) if sentence else sentence


def ok(name: str, seen: Sentence) -> Check:
    """Return a line about what is fine."""
    return Check(name, State.OK, _clean(seen))


def warn(name: str, seen: Sentence, fix: Sentence) -> Check:
    """Return a line about what works and may not for long, or not for all."""
    return Check(name, State.WARN, _clean(seen), _clean(fix))


def bad(name: str, seen: Sentence, fix: Sentence) -> Check:
    """Return a line about what does not work."""
    return Check(name, State.BAD, _clean(seen), _clean(fix))


def span(length: timedelta) -> LazyString:
    """Return how long something lasted, as people say it: 3 minutos."""
    return LazyString(lambda: format_timedelta(length, locale=get_locale() or "en"))


def since(moment: datetime, now: datetime) -> LazyString:
    """Return how long ago something was, as people say it: hace 3 minutos."""
    return LazyString(lambda: format_timedelta(moment - now, add_direction=True, locale=get_locale() or "en"))

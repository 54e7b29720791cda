"""The words with which a client asks for no more messages, or to have them again.

Twilio's own lists (its "default opt-out keywords") and, since the clients are Argentine, BAJA and ALTA. A word counts
only as the whole of a typed message; what Twilio itself says of a message (OptOutType) counts before any word.
"""

from __future__ import annotations

import re
import unicodedata

STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT", "BAJA"})
START_WORDS = frozenset({"START", "YES", "UNSTOP", "ALTA"})
# Words that people also say in answer to something: "¿Música alta o baja?", "Keep it or cancel?".
_EVERYDAY = frozenset({"BAJA", "END", "QUIT", "CANCEL"})


def the_word(body: str) -> str:
    """Return `body` in capitals without what stands around it, when it is one word; else nothing."""
    trimmed = body.strip()
    while trimmed and unicodedata.category(trimmed[0])[0] not in "LN":
        trimmed = trimmed[1:]
    while trimmed and unicodedata.category(trimmed[-1])[0] not in "LN":
        trimmed = trimmed[:-1]
    return trimmed.upper() if trimmed.isalnum() and len(trimmed) <= 12 else ""


def may_be_an_answer(body: str) -> bool:
    """Tell whether `body` is a word that asks for no more messages or just answers what we asked."""
    return the_word(body) in _EVERYDAY


def _offered(word: str, question: str) -> bool:
    """Tell whether our message `question` used `word` as an ordinary one; in capitals it is the instruction itself."""
    return any(found.upper() == word and not found.isupper() for found in re.findall(r"\w+", question))


def choice_of(kind: str, body: str, opt_out_type: str, question: str) -> str:
    """Return what a client's message asks for: STOP, START or nothing.

    `kind` is the message's type, `opt_out_type` Twilio's OptOutType, `question` what we wrote last before it: an
    everyday word that we offered ourselves is an answer and no request.
    """
    if opt_out_type in ("STOP", "START"):
        return opt_out_type
    word = the_word(body) if kind == "text" and not opt_out_type else ""
    if word in START_WORDS:
        return "START"
    return "STOP" if word in STOP_WORDS and not (word in _EVERYDAY and _offered(word, question)) else ""

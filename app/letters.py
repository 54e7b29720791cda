"""Letters that nobody sees, and marks that are typed one for another: what comparing and reading have in common."""

from __future__ import annotations

import re
import unicodedata

# Default_Ignorable_Code_Point of Unicode 17 (DerivedCoreProperties.txt), less the fillers below.
# WhatsApp Web copies numbers between U+202A and U+202C; phones write U+200D and U+FE0F in emoji.
INVISIBLE = (
    "\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Letters and symbols by their category, and empty on a screen: Hangul's fillers, Braille's blank, the null note head.
BLANK = "\u115f\u1160\u2800\u3164\uffa0\U0001d159"
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
# Keyboards and phones write any of these for the one before it. Strokes through a letter are no accents to Unicode.
_ALIKE = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u2035\u2039\u203a\u02b9\u02bb\u02bc\u02bd\u02be"
    "\u02bf\u02c8\u055a\u05f3`\u00b4\u1fef\u1ffd\uff07",
    '"': "\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb\u02ba\u05f4\u301d\u301e\u301f\uff02",
    "-": "\u02d7\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043"
    "\u207b\u208b\u2212\u2e3a\u2e3b\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d",
    " ": BLANK,
    "o": "\u00f8\u00d8",
    "l": "\u0142\u0141",
    "d": "\u0111\u0110",
    "i": "\u0131",
}
_AS_TYPED = {ord(letter): plain for plain, letters in _ALIKE.items() for letter in letters}


def visible(text: str) -> str:
    """Return `text` without what takes no room: joiners, marks of direction, byte order marks, tags, selectors."""
    return _INVISIBLE.sub("", text)


def as_typed(text: str) -> str:
    """Return `text` without what nobody sees, and with the quotes and dashes that keyboards have."""
    return visible(text).translate(_AS_TYPED)


def fold(text: str) -> str:
    """Return `text` as searches compare it: small letters without accents, in one form, marks as keyboards have them.

    What was folded stays as it is. Stored search texts hold this: a change of it needs a migration that folds anew.
    """
    # Twice, since fancy letters become ordinary capitals (Unicode, D146: compatibility caseless matching).
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", as_typed(text)).casefold())
    return as_typed("".join(letter for letter in decomposed if not unicodedata.combining(letter)))


def _shows(letter: str) -> bool:
    # Unassigned ones count as seen: emoji are newer than the tables. A mark without a letter is nothing to read.
    category = unicodedata.category(letter)
    return category[0] not in "ZM" and category not in ("Cc", "Cf", "Cs") and letter not in BLANK


def has_ink(text: str) -> bool:
    """Tell whether anything of `text` can be read: not only spaces, joiners, fillers and marks without a letter."""
    return any(map(_shows, visible(text)))

"""Phone numbers: read as people write them, kept in E.164, compared by a key that forgives how they were written."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from app.letters import as_typed

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_ARGENTINA = 54
# The same mobile is written with and without this digit; WhatsApp itself uses either.
# Argentina: +54 9 11... and +54 11...; Mexico: +52 1 55... and +52 55...
_OPTIONAL_MOBILE_DIGIT = {"54": "9", "52": "1"}
_NATIONAL_LENGTH = 10
# Brazil put a nine before its mobiles, after the area code: +55 11 98765-4321 was +55 11 8765-4321, which WhatsApp
# still uses for old accounts. What begins with 2 to 5 without it is a landline, and another number.
_BRAZILIAN_MOBILE = re.compile(r"(55[1-9][0-9])9([6-9][0-9]{7})")
_BRAZILIAN_WITHOUT_NINE = re.compile(r"\+?(55[1-9][0-9])([6-9][0-9]{7})")
_MEXICAN_WITH_ONE = re.compile(r"\+?521([0-9]{10})")
# Half of Buenos Aires leaves its area code out. Only there do eight digits follow the 15 of mobiles.
_OF_BUENOS_AIRES = re.compile(r"(\+?549?)?0?15([0-9]{8})")
# The 9 of abroad and the 15 of at home say the same, and people write both.
_NINE_AND_FIFTEEN = re.compile(r"\+?549(?=0?[0-9]{12}$)(0?[1-3][0-9]{1,3}15[0-9]{6,8})")
# Area and number have ten digits together, a mobile's 9 before them; areas begin with 11, 2 or 3.
# Source: ENACOM, Plan Fundamental de Numeración Nacional.
_ARGENTINE = re.compile(r"\+549?(11[0-9]{8}|[23][0-9]{9})")
_NUMBER = re.compile(r"\+?[0-9 ().-]+")
_FEWEST_DIGITS = 4
# Fewer digits than these may be alike by chance.
_SAME_END, _SAME_NATIONAL = 8, 10
_FEWEST_IN_TEXT = 8


def parse_phone(text: str, region: str) -> str | None:
    """Return the number in `text` as E.164 (+5491123456789), or None when the tables know no such number.

    `region` is the ISO country whose numbers are written without a country code. An Argentine mobile written the
    local way (011 15-2345-6789, in Buenos Aires 15 2345-6789 as well) gets its 9, which is the form WhatsApp knows; a
    Brazilian one without its ninth digit gets it, and a Mexican one loses the 1 that nobody dials any more.
    """
    import phonenumbers

    number = _parsed(text, region)
    return _to_e164(number) if number is not None and phonenumbers.is_valid_number(number) else None


def parse_possible_phone(text: str, region: str) -> str | None:
    """Return the number in `text` as E.164, or None when there can be no such number: too short, too long, no country.

    What parse_phone refuses and this one does not, the library's tables do not know yet: new ranges of numbers are
    given out before they are in there.
    """
    import phonenumbers

    number = _parsed(text, region)
    if number is None:
        return None
    if phonenumbers.is_valid_number(number):
        return _to_e164(number)
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if number.country_code != _ARGENTINA:
        return e164
    argentine = _ARGENTINE.fullmatch(e164)
    return f"+549{argentine[1]}" if argentine else None


def is_known_phone(e164: str) -> bool:
    """Tell whether the tables know numbers like `e164`; what parse_possible_phone read may be none of them."""
    return parse_phone(e164, "ZZ") is not None


def _parsed(text: str, region: str) -> PhoneNumber | None:
    import phonenumbers

    try:
        return phonenumbers.parse(_modern(text, region), region)
    except phonenumbers.NumberParseException:
        return None


def _to_e164(number: PhoneNumber) -> str:
    import phonenumbers

    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    # Argentines write their mobiles with or without the 9, and without it they look like a landline's.
    fixed = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE
    return "+549" + e164.removeprefix("+54") if number.country_code == _ARGENTINA and fixed else e164


def _modern(text: str, region: str) -> str:
    """Return `text` as its country writes such a number today, where it is one of an older or a shorter form.

    What nobody sees is left out: WhatsApp Web copies a number with marks of direction around it.
    """
    text = as_typed(unicodedata.normalize("NFKC", text)).strip()
    bare = re.sub(r"[\s().-]", "", text)
    if old := _BRAZILIAN_WITHOUT_NINE.fullmatch(bare):
        return f"+{old[1]}9{old[2]}"
    if old := _MEXICAN_WITH_ONE.fullmatch(bare):
        return f"+52{old[1]}"
    if (local := _OF_BUENOS_AIRES.fullmatch(bare)) and (region == "AR" or local[1]):
        return f"+54911{local[2]}"
    if both := _NINE_AND_FIFTEEN.fullmatch(bare):
        return f"+54{both[1]}"
    return text


def parts_of_number(text: str, region: str) -> tuple[str, ...]:
    """Return the digits of which one must be part of a stored number (E.164 or phone_key) that `text` is some of.

    That is for searches while they are typed: 011 15 5555 is part of +54 9 11 5555-0101. Nothing where `text` is no
    number, or too little of one to tell anything.
    """
    text = as_typed(unicodedata.normalize("NFKC", text)).strip()
    if not _NUMBER.fullmatch(text):
        return ()
    groups = re.findall(r"[0-9]+", text)
    found = ["".join(groups)]
    if region == "AR" and "+" not in text and groups:
        # Dialled inside the country: a zero before the area, and 15 before the number of a mobile.
        groups[0] = groups[0].removeprefix("0")
        found.append("".join(groups))
        found.append("".join(group for group in groups if group != "15"))
        found.append("".join(groups).removeprefix("15"))
    return tuple(dict.fromkeys(digits for digits in found if len(digits) >= _FEWEST_DIGITS))


def phone_key(e164: str) -> str:
    """Return the digits that tell one person's number from another's: `e164` less the mobile digit that comes and goes.

    >>> phone_key("+5491123456789") == phone_key("+541123456789")
    True
    """
    digits = re.sub(r"\D", "", e164)
    for country, digit in _OPTIONAL_MOBILE_DIGIT.items():
        if digits.startswith(country + digit) and len(digits) == len(country) + 1 + _NATIONAL_LENGTH:
            return country + digits[len(country) + 1 :]
    brazilian = _BRAZILIAN_MOBILE.fullmatch(digits)
    return brazilian[1] + brazilian[2] if brazilian else digits


def _country(key: str) -> int | None:
    import phonenumbers

    try:
        return phonenumbers.parse(f"+{key}", None).country_code
    except phonenumbers.NumberParseException:
        return None


def how_alike(first: str, second: str) -> str:
    """Return why the numbers of two keys may be one person's: `area`, `country`, or nothing.

    `area`: one country, and the last eight digits are the same, so that the area code is missing or wrong. `country`:
    the last ten are the same in two countries, so that the country code is. One digit that differs is another number.
    """
    if first == second or first[-_SAME_END:] != second[-_SAME_END:] or min(len(first), len(second)) < _SAME_END:
        return ""
    if _is_landline_beside_mobile(first, second):
        return ""
    if _country(first) == _country(second):
        return "area"
    return "country" if first[-_SAME_NATIONAL:] == second[-_SAME_NATIONAL:] else ""


def _is_landline_beside_mobile(first: str, second: str) -> bool:
    """Tell whether a ninth digit alone tells two Brazilian numbers apart: a desk's and somebody's mobile."""
    shorter, longer = sorted((first, second), key=len)
    return first.startswith("55") and longer == f"{shorter[:4]}9{shorter[4:]}" and len(shorter) == 12


@lru_cache(maxsize=4096)
def format_phone(e164: str) -> str:
    """Return `e164` as people read it (+54 9 11 2345-6789), or as it is when it is no number we know."""
    import phonenumbers

    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@lru_cache(maxsize=4096)
def country_of(address: str) -> tuple[str, str]:
    """Return calling code and ISO region of a phone in E.164 or a WhatsApp user id: ("54", "AR"); "" where unknown."""
    import phonenumbers

    if address.startswith("+"):
        try:
            number = phonenumbers.parse(address, None)
        except phonenumbers.NumberParseException:
            return "", ""
        return str(number.country_code), phonenumbers.region_code_for_number(number) or ""
    region = address[:2].upper()
    code = phonenumbers.country_code_for_region(region)
    return (str(code), region) if code else ("", "")


def find_phones(text: str, region: str) -> list[tuple[int, int, str]]:
    """Return the phones that stand in `text`, each with its first place, the one after its last, and as E.164.

    Only whole numbers that are valid, written as people write them in `region` or with their country's code: no dates,
    sums or documents.
    """
    if sum(letter.isdigit() for letter in text) < _FEWEST_IN_TEXT:
        return []
    import phonenumbers

    found = phonenumbers.PhoneNumberMatcher(text, region)
    e164 = phonenumbers.PhoneNumberFormat.E164
    return [(match.start, match.end, phonenumbers.format_number(match.number, e164)) for match in found]

"""Phone numbers: read as people write them, kept in E.164, compared by a key that forgives how they were written."""

from __future__ import annotations

import re
from functools import lru_cache

# The same mobile is written with and without this digit; WhatsApp itself uses either.
# Argentina: +54 9 11... and +54 11...; Mexico: +52 1 55... and +52 55...
_OPTIONAL_MOBILE_DIGIT = {"54": "9", "52": "1"}
_NATIONAL_LENGTH = 10


def parse_phone(text: str, region: str) -> str | None:
    """Return the number in `text` as E.164 (+5491123456789), or None when it is not a possible number.

    `region` is the ISO country whose numbers are written without a country code. An Argentine mobile written the
    local way (011 15-2345-6789) gets its 9, which is the form WhatsApp knows.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    # Argentines write their mobiles with or without the 9, and without it they look like a landline's.
    fixed = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE
    if number.country_code == 54 and fixed:
        return "+549" + e164.removeprefix("+54")
    return e164


def phone_key(e164: str) -> str:
    """Return the digits that tell one person's number from another's: `e164` less the mobile digit that comes and goes.

    >>> phone_key("+5491123456789") == phone_key("+541123456789")
    True
    """
    digits = re.sub(r"\D", "", e164)
    for country, digit in _OPTIONAL_MOBILE_DIGIT.items():
        if digits.startswith(country + digit) and len(digits) == len(country) + 1 + _NATIONAL_LENGTH:
            return country + digits[len(country) + 1 :]
    return digits


@lru_cache(maxsize=4096)
def format_phone(e164: str) -> str:
    """Return `e164` as people read it (+54 9 11 2345-6789), or as it is when it is no number we know."""
    import phonenumbers

    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)

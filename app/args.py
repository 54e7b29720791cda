"""Reading the values of a query string or a form: what cannot be read is refused by its name, or passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flask_babel import gettext as _

from app.errors import Invalid
from app.extensions import LARGEST_ID


def parse_int_arg(
    args: Mapping[str, str], name: str, default: int | None, low: int, high: int, *, blank: bool = True
) -> int | None:
    """Return a whole number within its bounds, and `default` where there is none. Raises Invalid.

    Forms send what was left blank; a program that does has lost a value, so its doors say `blank=False`.
    """
    text = args.get(name, "")
    if not text and (blank or name not in args):
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 19 or not low <= int(text) <= high:
        raise Invalid(fields={name: _("Tiene que ser un número de %(low)d a %(high)d.", low=low, high=high)})
    return int(text)


def parse_flag_arg(args: Mapping[str, str], name: str) -> bool:
    """Return a yes or no. Raises Invalid."""
    text = args.get(name, "")
    if text not in ("", "0", "1", "false", "true"):
        raise Invalid(fields={name: _("Tiene que ser 1 o 0.")})
    return text in ("1", "true")


def parse_search_arg(args: Mapping[str, str], name: str, longest: int) -> str:
    """Return the words to look for. Raises Invalid when they are too many."""
    text = args.get(name, "").replace("\x00", "")
    if len(text) > longest:
        raise Invalid(fields={name: _("Buscá con menos palabras: hasta %(count)d letras.", count=longest)})
    return text


def cut_text_arg(args: Mapping[str, str], name: str, longest: int) -> str:
    """Return a text without NUL, which no text column takes, and no more of it than `longest` characters."""
    return args.get(name, "").replace("\x00", "")[:longest]


def find_number(text: str, largest: int = LARGEST_ID) -> int | None:
    """Return the whole number that `text` is, from 0 to `largest`, or None."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    return number if number is not None and number <= largest else None


def list_numbers(texts: list[str], largest: int = LARGEST_ID) -> list[int]:
    """Return the whole numbers among `texts`; what is none is passed over."""
    return [number for number in (find_number(text, largest) for text in texts) if number is not None]


@contextmanager
def refused_into(errors: dict[str, str]) -> Iterator[None]:
    """Write the fields that are refused within the block into `errors`, for an answer that names all of them."""
    try:
        yield
    except Invalid as refusal:
        errors.update(refusal.fields)

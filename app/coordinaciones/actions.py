"""What is written of coordinaciones."""

from __future__ import annotations

from collections.abc import Mapping

from blinker import Namespace
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.coordinaciones import queries
from app.coordinaciones.forms import LONGEST_NOTES, Values, fill_form
from app.coordinaciones.models import Coordinacion
from app.errors import Conflict, Invalid
from app.extensions import utcnow, writing

# What is said of these fields is what they hold; others hold codes that nobody reads.
_TOLD = ("title", "client_name", "phone", "place", "notes", "external_ref")

# Sent with the session of a transaction that writes phones, before it locks anything: rooms above take their own locks
# first, in the order in which they always do.
phone_written = Namespace().signal("phone-written")
# Sent with the coordinación and the session of the transaction that just gave it another number, or none.
phone_changed = Namespace().signal("phone-changed")


def _taken(values: Values, error: IntegrityError) -> Exception:
    """Return what to raise for `error`: the reference is another's, or something that nobody foresaw."""
    ref = values.get("external_ref")
    if ref and queries.find_coordinacion_by_ref(ref) is not None:
        sentence = _("Otra coordinación ya tiene esa referencia.")
        return Conflict(sentence, fields={"external_ref": sentence})
    return error


def _foretell(session: Session, values: Values) -> None:
    """Say that a phone may be written, before anything is locked."""
    if "phone" in values:
        phone_written.send(session)


def _write(session: Session, coordinacion: Coordinacion, values: Values) -> None:
    key_before = coordinacion.phone_key
    for name, value in values.items():
        setattr(coordinacion, name, value)
    coordinacion.fold_search_text()
    session.add(coordinacion)
    if coordinacion.id is not None and coordinacion.phone_key != key_before:
        phone_changed.send(coordinacion, session=session)


def create(values: Values) -> Coordinacion:
    """Store a new coordinación with every value of `values` and return it.

    Raises Conflict when its external reference belongs to another one.
    """
    coordinacion = Coordinacion()
    try:
        with writing() as session:
            _write(session, coordinacion, values)
    except IntegrityError as error:  # The reference is unique.
        raise _taken(values, error) from error
    return coordinacion


def _refuse_overwriting(coordinacion: Coordinacion, values: Values, seen: Mapping[str, str]) -> None:
    """Raise Invalid for each field of `values` that somebody else has changed since the person had `seen` it."""
    now = fill_form(coordinacion)
    lost = [
        name
        for name, value in values.items()
        if name in seen and now[name] != seen[name] and getattr(coordinacion, name) != value
    ]
    if lost:
        sentence = _("Otra persona lo cambió mientras editabas. Guardá de nuevo si querés dejar lo tuyo.")
        sentence_with_value = _(
            "Otra persona puso «%(value)s» mientras editabas. Guardá de nuevo si querés dejar lo tuyo."
        )
        fields = {
            name: sentence_with_value % {"value": now[name]} if name in _TOLD and now[name] else sentence
            for name in lost
        }
        raise Invalid(fields=fields)


def update(coordinacion_id: int, values: Values, seen: Mapping[str, str] | None = None) -> Coordinacion:
    """Change what `values` holds, leave the rest as it is, and return the coordinación.

    `seen` are the values that the person had before their eyes, as a form shows them. Raises NotFound; Conflict when
    the new external reference belongs to another one; or Invalid when somebody else changed the same fields meanwhile.
    """
    try:
        with writing() as session:
            _foretell(session, values)
            coordinacion = queries.get_locked(coordinacion_id)
            _refuse_overwriting(coordinacion, values, seen or {})
            _write(session, coordinacion, values)
    except IntegrityError as error:  # The reference is unique.
        raise _taken(values, error) from error
    return coordinacion


def upsert_external(ref: str, values: Values) -> tuple[Coordinacion, bool]:
    """Store `values` as the coordinación that another program knows as `ref`; return it, and whether it is new.

    Two programs may send the same new reference at once: the database lets one of them insert it, and the other one
    reads again and changes what the first has just made.
    """
    values = {**values, "external_ref": ref}
    try:
        return _upsert(ref, values)
    except IntegrityError:  # The reference was inserted between our read and our insert.
        return _upsert(ref, values)


def _upsert(ref: str, values: Values) -> tuple[Coordinacion, bool]:
    with writing() as session:
        _foretell(session, values)
        found = queries.find_coordinacion_by_ref(ref, lock=True)
        coordinacion = found or Coordinacion()
        _write(session, coordinacion, values)
    return coordinacion, found is None


def keep_contact(coordinacion_id: int, line: str, phone: str | None) -> Coordinacion:
    """Keep somebody with a coordinación, and return it: `line` as the last of its notes, unless it is there already.

    `phone` (E.164) becomes its phone instead, where it has none. Raises NotFound; Conflict where it has a phone by
    now; Invalid when the notes are full.
    """
    with writing() as session:
        _foretell(session, {"phone": phone} if phone is not None else {})
        coordinacion = queries.get_locked(coordinacion_id)
        if phone is not None:
            if coordinacion.phone not in (None, phone):
                raise Conflict(_("Esa coordinación ya tiene teléfono. Agregalo a las notas."))
            _write(session, coordinacion, {"phone": phone})
        elif line not in coordinacion.notes.split("\n"):
            notes = "\n".join(filter(None, (coordinacion.notes.rstrip(), line)))
            if len(notes) > LONGEST_NOTES:
                raise Invalid(_("Las notas de esa coordinación están llenas. Acortalas para agregar el contacto."))
            _write(session, coordinacion, {"notes": notes})
    return coordinacion


def archive(coordinacion_id: int) -> Coordinacion:
    """Take the coordinación off the lists and return it; archived again, it keeps its first moment. Raises NotFound."""
    with writing():
        coordinacion = queries.get_locked(coordinacion_id)
        coordinacion.archived_at = coordinacion.archived_at or utcnow()
    return coordinacion


def unarchive(coordinacion_id: int) -> Coordinacion:
    """Bring the coordinación back to the lists and return it. Raises NotFound."""
    with writing():
        coordinacion = queries.get_locked(coordinacion_id)
        coordinacion.archived_at = None
    return coordinacion

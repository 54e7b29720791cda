"""What is written of coordinaciones."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.coordinaciones import queries
from app.coordinaciones.forms import Values
from app.coordinaciones.models import Coordinacion
from app.errors import Conflict
from app.extensions import utcnow, writing


def _taken(values: Values, error: IntegrityError) -> Exception:
    """Return what to raise for `error`: the reference is another's, or something that nobody foresaw."""
    ref = values.get("external_ref")
    if ref and queries.find_coordinacion_by_ref(ref) is not None:
        sentence = _("Otra coordinación ya tiene esa referencia.")
        return Conflict(sentence, fields={"external_ref": sentence})
    return error


def _write(session: Session, coordinacion: Coordinacion, values: Values) -> None:
    for name, value in values.items():
        setattr(coordinacion, name, value)
    coordinacion.fold_search_text()
    session.add(coordinacion)


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


def update(coordinacion_id: int, values: Values) -> Coordinacion:
    """Change what `values` holds, leave the rest as it is, and return the coordinación.

    Raises NotFound, or Conflict when the new external reference belongs to another one.
    """
    try:
        with writing() as session:
            coordinacion = queries.get_locked(coordinacion_id)
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
        found = queries.find_coordinacion_by_ref(ref, lock=True)
        coordinacion = found or Coordinacion()
        _write(session, coordinacion, values)
    return coordinacion, found is None


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

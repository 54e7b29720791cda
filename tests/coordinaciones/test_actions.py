from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.auth.models import User
from app.coordinaciones import actions
from app.coordinaciones.forms import Values, parse_changes, parse_new
from app.coordinaciones.models import Coordinacion
from app.errors import Conflict, NotFound
from app.extensions import db, utcnow
from tests.factories import Factories


def values(**fields: Any) -> Values:
    data = {"title": "Casamiento de Lucía", "client_name": "Lucía Ferreyra"} | fields
    return parse_new(data, region="AR", dj_ids=range(10_000_000))


def count() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Coordinacion)) or 0


def test_a_new_one_can_be_searched_and_knows_its_client(app: Flask, factories: Factories) -> None:
    coordinacion = actions.create(values(phone="11 5555-0101", place="Los Ñandúes"))

    stored = factories.reload(coordinacion)
    assert stored.phone_key == "541155550101"
    assert stored.search_text == "casamiento de lucia lucia ferreyra los nandues +5491155550101"


def test_a_change_keeps_the_rest_and_can_be_searched(factories: Factories) -> None:
    before = factories.coordinacion(title="Fiesta", place="Salón Madero", updated_at=utcnow() - timedelta(days=1))

    after = actions.update(before.id, {"title": "Fiesta de Ñata"})

    assert (after.title, after.place) == ("Fiesta de Ñata", "Salón Madero")
    assert "nata" in factories.reload(after).search_text
    assert after.updated_at > utcnow() - timedelta(minutes=1)


def test_a_change_starts_from_what_is_stored_and_not_from_what_was_read(app: Flask, factories: Factories) -> None:
    read = factories.coordinacion(title="Fiesta", place="viejo")
    with db.engine.begin() as colleague:
        colleague.execute(Coordinacion.__table__.update().values(place="nuevo"))

    after = actions.update(read.id, {"title": "Otra"})

    assert after.place == "nuevo"
    assert "nuevo" in after.search_text


def test_a_replacement_of_one_that_was_read_shows_its_new_dj(factories: Factories, ana: User, bruno: User) -> None:
    read = factories.coordinacion(external_ref="EV-1", dj_id=ana.id)
    assert read.dj is ana

    assert actions.upsert_external("EV-1", values(dj_id=bruno.id))[0].dj is bruno


def test_a_change_of_dj_shows_the_new_one(factories: Factories, ana: User, bruno: User) -> None:
    coordinacion = factories.coordinacion(dj_id=ana.id)
    assert coordinacion.dj is ana

    assert actions.update(coordinacion.id, {"dj_id": bruno.id}).dj is bruno
    assert actions.update(coordinacion.id, {"dj_id": None}).dj is None


def test_a_reference_belongs_to_one_coordinacion(app: Flask, factories: Factories) -> None:
    factories.coordinacion(external_ref="EV-1")
    other = factories.coordinacion(external_ref="EV-2")

    with pytest.raises(Conflict) as created:
        actions.create(values(external_ref="EV-1"))
    with pytest.raises(Conflict) as updated:
        actions.update(other.id, parse_changes({"external_ref": "EV-1"}, region="AR", dj_ids=()))

    sentence = {"external_ref": "Otra coordinación ya tiene esa referencia."}
    assert created.value.fields == updated.value.fields == sentence
    assert count() == 2


def test_what_does_not_exist_cannot_be_written(app: Flask) -> None:
    for action in (actions.archive, actions.unarchive, lambda number: actions.update(number, {})):
        for number in (1, 0, 2**63):
            with pytest.raises(NotFound):
                action(number)


def test_another_program_creates_and_then_replaces_by_its_reference(app: Flask) -> None:
    first, created = actions.upsert_external("EV-1", values(place="Salón Madero"))
    second, created_again = actions.upsert_external("EV-1", values(title="Fiesta"))

    assert (created, created_again) == (True, False)
    assert first.id == second.id
    assert (second.title, second.place, second.external_ref) == ("Fiesta", "", "EV-1")


def test_a_replaced_one_stays_archived(factories: Factories) -> None:
    factories.coordinacion(external_ref="EV-1", archived_at=utcnow())

    coordinacion, _created = actions.upsert_external("EV-1", values())

    assert coordinacion.archived_at is not None


def test_the_same_new_reference_sent_by_eight_programs_at_once_is_one_coordinacion(app: Flask) -> None:
    start, answers, sent = threading.Barrier(8), [], values()

    def program() -> None:
        with app.app_context():
            start.wait()
            answers.append(actions.upsert_external("EV-1", sent)[1])

    threads = [threading.Thread(target=program) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [False] * 7 + [True]
    assert count() == 1


def test_archiving_twice_keeps_the_first_moment_and_unarchiving_takes_it_back(factories: Factories) -> None:
    moment = utcnow() - timedelta(days=3)
    coordinacion = factories.coordinacion(archived_at=moment)

    assert actions.archive(coordinacion.id).archived_at == moment
    assert actions.unarchive(coordinacion.id).archived_at is None
    assert actions.archive(coordinacion.id).archived_at is not None

"""Templates follow Twilio: what is new, what changed, what is gone, and what an admin said of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.extensions import utcnow
from app.jobs import actions as jobs
from app.twilio.client import NoAnswer, NotReached, Refused
from app.whatsapp.templates import queries
from app.whatsapp.templates.actions.sync import sync_templates
from tests.factories import Factories
from tests.fakes import FakeContents


def test_what_twilio_has_is_here_with_what_whatsapp_said(contents: FakeContents) -> None:
    contents.add("promo", status="rejected", category="MARKETING", rejection_reason="Promete un descuento.")

    report = sync_templates()

    (template,) = queries.list_templates()
    assert (report.listed, report.added, report.gone) == (1, 1, 0)
    assert (template.name, template.status, template.category) == ("promo", "rejected", "MARKETING")
    assert template.rejection_reason == "Promete un descuento."


def test_a_change_is_followed_and_the_meaning_of_its_variables_stays(
    contents: FakeContents, factories: Factories
) -> None:
    remote = contents.add(status="pending")
    sync_templates()
    template = queries.find_template(remote.sid)
    assert template is not None
    template.mapping = {"1": "client"}
    factories.store(template)
    contents.templates[remote.sid] = replace(remote, status="approved", category="UTILITY")

    report = sync_templates()

    template = factories.reload(template)
    assert (report.added, template.status, template.mapping) == (0, "approved", {"1": "client"})


def test_what_twilio_has_no_longer_is_marked_and_comes_back_with_it(contents: FakeContents) -> None:
    remote = contents.add()
    sync_templates()

    del contents.templates[remote.sid]
    assert sync_templates().gone == 1
    gone = queries.find_template(remote.sid)
    assert gone is not None
    assert gone.gone_at is not None
    assert queries.list_offered(window_open=True) == []
    assert sync_templates().gone == 0
    contents.templates[remote.sid] = remote
    sync_templates()

    assert [template.gone_at for template in queries.list_offered(window_open=True)] == [None]


def test_a_list_that_was_cut_short_makes_nothing_gone(contents: FakeContents, factories: Factories) -> None:
    factories.template()
    contents.complete = False

    assert sync_templates().gone == 0
    assert len(queries.list_offered(window_open=True)) == 1


@pytest.mark.parametrize("error", [NotReached(), NoAnswer(), Refused(20003, "Authenticate", 401)])
def test_a_twilio_that_cannot_be_asked_leaves_everything_as_it_was(
    app: Flask, contents: FakeContents, factories: Factories, error: Exception
) -> None:
    template = factories.template()
    contents.failures = [error]  # type: ignore[list-item]

    result = app.test_cli_runner().invoke(args=["whatsapp", "templates"])

    assert result.exit_code == 1
    assert "The templates stay as they were." in result.output
    assert factories.reload(template).gone_at is None


def test_the_command_says_what_it_found(app: Flask, contents: FakeContents) -> None:
    contents.add()

    assert app.test_cli_runner().invoke(args=["whatsapp", "templates"]).output == "Listed 1, new 1, gone 0.\n"


def test_the_job_brings_them_in_every_six_hours(app: Flask, contents: FakeContents) -> None:
    contents.add()

    jobs.ensure_periodic()
    jobs.run_due(timedelta(seconds=10))

    assert [template.name for template in queries.list_templates()] == ["recordatorio"]


@pytest.mark.parametrize(("minutes", "left"), [(1, 1), (5, 0)])
def test_what_twilio_never_made_is_forgotten_after_a_while(
    contents: FakeContents, factories: Factories, minutes: int, left: int
) -> None:
    factories.template(content_sid="new:0", status="unsubmitted", created_at=utcnow() - timedelta(minutes=minutes))

    sync_templates()

    assert len(queries.list_templates()) == left


def test_what_twilio_made_without_answering_is_recognised(contents: FakeContents, factories: Factories) -> None:
    lost = factories.template(content_sid="new:0", name="recordatorio", status="unsubmitted", mapping={"1": "client"})
    remote = contents.add("recordatorio", status="unsubmitted", category="")

    report = sync_templates()

    lost = factories.reload(lost)
    assert (report.added, lost.content_sid, lost.mapping) == (0, remote.sid, {"1": "client"})
    assert lost.category == "UTILITY"  # What was asked for is still to be submitted.


@pytest.mark.parametrize(
    ("fields", "window_open", "offered"),
    [
        ({}, False, True),
        ({"status": "paused"}, False, False),
        ({"status": "rejected"}, True, False),
        ({"types": {"twilio/list-picker": {"body": "¿Cuándo?"}}}, False, False),
        ({"types": {"twilio/list-picker": {"body": "¿Cuándo?"}}}, True, True),
    ],
)
def test_only_what_may_be_sent_now_is_offered(
    app: Flask, factories: Factories, fields: dict[str, Any], window_open: bool, offered: bool
) -> None:
    factories.template(**fields)

    assert bool(queries.list_offered(window_open=window_open)) is offered


def test_a_search_finds_names_and_words_without_accents(app: Flask, factories: Factories) -> None:
    factories.template("Hola, te recordamos la reunión.", name="aviso_uno")
    factories.template("Chau.", name="promo_dos")

    assert [template.name for template in queries.list_templates("reunion")] == ["aviso_uno"]
    assert [template.name for template in queries.list_templates("PROMO dos")] == ["promo_dos"]

"""A program sends a template: one that Coordina knows is checked, one that it does not know goes as it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.auth.models import User
from app.extensions import utcnow
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.whatsapp.program import Program, assert_problem

PHONE = "+5491155550101"


@pytest.fixture
def program(app: Flask, ana: User, bearer: Callable[[User], dict[str, str]], factories: Factories) -> Program:
    factories.conversation(PHONE, window_expires_at=utcnow() - timedelta(hours=1))
    return Program(app.test_client(), bearer(ana))


def test_a_known_template_comes_back_with_its_words_and_its_name(program: Program, factories: Factories) -> None:
    template = factories.template("Hola {{1}}, chau {{2}}. Fin.")
    asked = {"content_sid": template.content_sid, "variables": {"1": "Lu", "2": "Ana"}}

    answer = program.send(to=PHONE, template=asked)

    assert answer.status_code == 201
    assert answer.json["body"] == "Hola Lu, chau Ana. Fin."
    assert answer.json["template"] == asked | {"name": template.name, "language": "es_AR"}


@pytest.mark.parametrize(
    ("variables", "fields"),
    [
        ({}, ["template.variables.1", "template.variables.2"]),
        ({"1": "Lu", "2": "  "}, ["template.variables.2"]),
        ({"1": "Lu\nis", "2": "uno    dos"}, ["template.variables.1", "template.variables.2"]),
        ({"1": "x" * 600, "2": "x" * 600}, ["template.variables"]),
    ],
)
def test_values_that_whatsapp_would_refuse_are_named(
    program: Program, factories: Factories, twilio: FakeTwilio, variables: dict[str, str], fields: list[str]
) -> None:
    template = factories.template()

    answer = program.send(to=PHONE, template={"content_sid": template.content_sid, "variables": variables})

    assert_problem(answer, 422, "invalid", *fields)
    assert twilio.sent == []


@pytest.mark.parametrize("state", [{"status": "rejected"}, {"gone_at": utcnow()}])
def test_a_known_template_that_is_not_approved_is_refused(
    program: Program, factories: Factories, state: dict[str, Any]
) -> None:
    template = factories.template(**state)
    asked = {"content_sid": template.content_sid, "variables": {"1": "Lu", "2": "Ana"}}

    assert_problem(program.send(to=PHONE, template=asked), 422, "invalid", "template.content_sid")


def test_an_unknown_template_goes_to_twilio_as_it_is(program: Program, twilio: FakeTwilio) -> None:
    asked = {"content_sid": "HX" + "a" * 32, "variables": {"1": "Lu\nis"}}

    answer = program.send(to=PHONE, template=asked)

    assert (answer.status_code, answer.json["template"], answer.json["body"]) == (201, asked, "")
    assert twilio.sent[0].content_variables == {"1": "Lu\nis"}

"""What goes wrong is answered in one place: a page, a fragment, or a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Blueprint, Flask, abort
from flask.testing import FlaskClient
from sqlalchemy import text

from app import create_app
from app.auth.guard import require_staff, require_staff_token
from app.auth.models import User
from app.errors import Conflict, DomainError, Invalid, problem
from app.extensions import db
from config import TestConfig
from tests.browser import IsolatedClient, SignedInClient

HTMX = {"HX-Request": "true"}
MEGABYTE = 1024 * 1024


@pytest.fixture
def broken(app: Flask, config: TestConfig) -> Iterator[Flask]:
    """The app as it runs for real, with doors that fail in every way."""
    broken = create_app(replace(config, TESTING=False))
    broken.test_client_class = IsolatedClient
    pages, programs = Blueprint("broken", __name__), Blueprint("broken_api", __name__, url_prefix="/api/broken")
    staff = Blueprint("broken_staff", __name__)
    staff.before_request(require_staff)
    poll = Blueprint("broken_poll", __name__)
    poll.before_request(require_staff_token)

    def fail() -> str:
        raise RuntimeError("the secret sentence of a traceback")

    def refuse() -> str:
        raise Conflict("Eso ya está.", client="Lucía")

    def mark() -> str:
        raise Invalid(fields={"phone": "Ese número no parece válido."})

    for bp in (pages, programs, staff, poll):
        bp.add_url_rule(f"/{bp.name}/fail", view_func=fail, endpoint="fail")
        bp.add_url_rule(f"/{bp.name}/refuse", view_func=refuse, endpoint="refuse")
        bp.add_url_rule(f"/{bp.name}/mark", view_func=mark, endpoint="mark")
        bp.add_url_rule(f"/{bp.name}/teapot", view_func=lambda: abort(418), endpoint="teapot")
        broken.register_blueprint(bp)
    yield broken
    with broken.app_context():
        db.engine.dispose()


def assert_problem(answer: object, status: int, code: str) -> None:
    body = answer.json
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert (body["type"], body["status"], body["code"]) == ("about:blank", status, code)
    assert body["title"]
    assert body["detail"]


@pytest.mark.parametrize("url", ["/api", "/api/nada", "/api/whatsapp/nada", "/api/coordinaciones/abc"])
def test_the_api_answers_problems_where_there_is_nothing(nobody: FlaskClient, url: str) -> None:
    answer = nobody.get(url)

    if url == "/api":  # Nobody's address: a page, as for any mistyped one.
        assert answer.status_code == 404
        return
    assert_problem(answer, 404, "not_found")
    assert answer.json["title"] == "Not Found"


def test_a_wrong_method_says_which_ones_there_are(nobody: FlaskClient) -> None:
    answer = nobody.delete("/api/auth/login")

    assert_problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_what_is_no_json_is_told_so(nobody: FlaskClient) -> None:
    as_form = nobody.post("/api/auth/login", data={"email": "ana@example.com"})
    garbled = nobody.post("/api/auth/login", data="{", content_type="application/json")

    assert_problem(as_form, 415, "unsupported_media_type")
    assert_problem(garbled, 400, "bad_request")


def test_a_body_over_four_megabytes_is_refused_with_a_sentence(nobody: FlaskClient) -> None:
    body = b"x" * (4 * MEGABYTE + 1)

    api = nobody.post("/api/auth/login", data=body, content_type="application/json")
    page = nobody.post("/login", data={"email": body})

    assert api.status_code == 413
    assert api.mimetype == "application/problem+json"
    assert "4 MB" in api.json["detail"]
    assert page.status_code == 413
    assert "4 MB" in page.text


def test_a_page_that_does_not_exist_leads_back(nobody: FlaskClient) -> None:
    answer = nobody.get("/nada")

    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert "Esa página no existe, o ya no está." in answer.text
    assert 'href="/"' in answer.text


def test_a_fragment_that_does_not_exist_is_an_alert_and_leaves_the_page_alone(nobody: FlaskClient) -> None:
    answer = nobody.get("/nada", headers=HTMX)

    assert answer.status_code == 404
    assert answer.headers["HX-Retarget"] == "#alerts"
    assert answer.headers["HX-Reswap"] == "innerHTML"
    assert 'id="alert"' in answer.text
    assert "<html" not in answer.text


def test_something_that_is_gone_is_said_to_staff_as_it_is(sign_in: Callable[[User], SignedInClient], ana: User) -> None:
    browser = sign_in(ana)

    page, fragment = browser.get("/coordinaciones/999"), browser.htmx("GET", "/coordinaciones/999/details")

    assert (page.status_code, fragment.status_code) == (404, 404)
    assert "o ya no está" in page.text
    assert "Salir" in page.text  # Still their own house, with its menu.
    assert "o ya no está" in fragment.text


def test_what_fails_inside_tells_nothing_of_the_inside(broken: Flask) -> None:
    client = broken.test_client()

    page, fragment = client.get("/broken/fail"), client.get("/broken/fail", headers=HTMX)
    program = client.get("/api/broken/broken_api/fail")

    assert_problem(program, 500, "internal_error")
    assert (page.status_code, fragment.status_code) == (500, 500)
    assert "Algo falló de nuestro lado" in page.text
    assert fragment.headers["HX-Retarget"] == "#alerts"
    for answer in (page, fragment, program):
        assert "secret" not in answer.text
        assert "RuntimeError" not in answer.text


@pytest.mark.parametrize("door", ["broken_staff", "broken_poll"])
def test_what_fails_for_staff_is_still_a_page(broken: Flask, ana: User, door: str) -> None:
    # The guard of a poll leaves no person behind, only claims; the page must not need one.
    browser = SignedInClient.of(broken, ana)

    answer = browser.get(f"/{door}/fail")

    assert answer.status_code == 500
    assert "Algo falló de nuestro lado" in answer.text


def test_without_its_database_the_house_still_answers(broken: Flask, ana: User) -> None:
    browser = SignedInClient.of(broken, ana)
    with broken.app_context(), db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE cambios RENAME TO perdidos"))

    page, poll = browser.get("/coordinaciones"), browser.htmx("GET", "/whatsapp/unread")

    with broken.app_context(), db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE perdidos RENAME TO cambios"))
    assert (page.status_code, poll.status_code) == (500, 500)
    assert "Algo falló de nuestro lado" in page.text
    assert poll.headers["HX-Retarget"] == "#alerts"


def test_what_the_domain_refuses_keeps_its_own_words(broken: Flask) -> None:
    client = broken.test_client()

    program, fragment = client.get("/api/broken/broken_api/refuse"), client.get("/broken/refuse", headers=HTMX)
    page = client.get("/broken/refuse")

    assert_problem(program, 409, "conflict")
    assert (program.json["detail"], program.json["client"]) == ("Eso ya está.", "Lucía")
    assert "errors" not in program.json
    assert (fragment.status_code, page.status_code) == (409, 409)
    assert "Eso ya está." in fragment.text
    assert "Eso ya está." in page.text


def test_each_field_gets_its_own_sentence(broken: Flask) -> None:
    answer = broken.test_client().get("/api/broken/broken_api/mark")

    assert_problem(answer, 422, "invalid")
    assert answer.json["errors"] == {"phone": "Ese número no parece válido."}


def test_any_other_status_is_answered_too(broken: Flask) -> None:
    client = broken.test_client()

    assert client.get("/broken/teapot").status_code == 418
    assert_problem(client.get("/api/broken/broken_api/teapot"), 418, "i'm_a_teapot")


def test_a_redirect_of_the_routing_stays_one(sign_in: Callable[[User], SignedInClient], ana: User) -> None:
    answer = sign_in(ana).get("/whatsapp")

    assert answer.status_code == 308
    assert answer.headers["Location"].endswith("/whatsapp/")


def test_text_in_errors_is_escaped(app: Flask) -> None:
    with app.test_request_context("/x", headers=HTMX):
        answer = app.make_response(app.handle_user_exception(DomainError("<b>Hola</b>")))

    assert "&lt;b&gt;Hola" in answer.get_data(as_text=True)


def test_a_problem_says_at_least_what_the_standard_asks(app: Flask) -> None:
    with app.test_request_context("/api/x"):
        answer = problem(409, "window_closed", "Pasaron las 24 h.", twilio_code=None)

    assert answer.json == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "Pasaron las 24 h.",
        "code": "window_closed",
        "twilio_code": None,
    }

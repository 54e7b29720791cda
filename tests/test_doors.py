"""Every door of the URL map has a guard, and each guard keeps out whom it should.

Nothing here knows how a door is guarded: it knocks on each, as each kind of stranger, and reads the answer. A route
that somebody adds tomorrow is knocked on too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from app import create_app
from app.auth.models import LoginSession, User
from app.extensions import db, utcnow, writing
from config import TestConfig
from tests.browser import IsolatedClient, SignedInClient
from tests.factories import Factories
from tests.signing import inbound_form, sign

# Open to everyone, each for its reason. Whoever adds a name here says why.
PUBLIC = {
    "static": "the styles and scripts of the sign-in page itself",
    "auth.login": "the page where people sign in",
    "auth.sign_in": "what that page posts to",
    "auth_api.login": "where programs sign in",
    "auth_api.refresh": "asks for a refresh token of its own",
    "auth_setup.show": "makes the first person of all; not there at all unless SETUP_TOKEN is set and nobody exists",
    "auth_setup.create": "what that page posts to; it asks for SETUP_TOKEN",
    "contract.read": "the description of the API, which says nothing of anybody",
    "installable.manifest": "browsers ask for it without cookies; it says what the app is called and looks like",
    "installable.service_worker": "browsers fetch it whoever is signed in; it is the same for everybody",
    "installable.offline": "a page that is kept for when there is no network; it says just that",
    "installable.share": "reads nothing of what another app shared, and says that it did not arrive",
    "health.healthz": "a balancer has no account; it says that the process answers",
    "media_out.show": "where Twilio fetches what we send; the token in its address opens one file, for six hours",
    "health.readyz": "the same; it says whether the database answers and is migrated, and nothing that is in it",
}
# Open to Twilio alone, by its signature.
TWILIO = {"whatsapp_webhook.webhook", "whatsapp_webhook.status"}

# Open to whoever shows CRON_SECRET or METRICS_TOKEN: tests/jobs and tests/doctor knock there.
CRON = {"cron.run", "metrics.show"}

# Open to admins alone, of those who are signed in.
ADMIN = {"people.index", "people.add", "people.reset", "people.set_active"} | {
    *("templates_admin.map_variables", "templates_admin.submit"),
    *("templates_admin.new", "templates_admin.preview_new", "templates_admin.create"),
    "doctor.show",
    "doctor.twilio",
    "doctor.receive_here",
    "whatsapp_notices.show",
    "whatsapp_notices.dismiss",
    "whatsapp_costs.show",
    "whatsapp_costs.table",
    "whatsapp_costs.rates",
}

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
BUILT_IN = {"HEAD", "OPTIONS"}  # Flask adds them to every GET; their tests are their own.


@dataclass(frozen=True)
class Door:
    """One method of one rule, with an address that leads to it."""

    endpoint: str
    method: str
    url: str

    @property
    def is_api(self) -> bool:
        return self.url.startswith("/api/")

    def __str__(self) -> str:
        return f"{self.method} {self.url} ({self.endpoint})"


@pytest.fixture
def house(app: Flask, factories: Factories) -> dict[str, object]:
    """What addresses point at: one of each, so that who may enter finds something there."""
    conversation = factories.conversation("+5491155550101")
    return {
        "coordinacion_id": factories.coordinacion().id,
        "conversation_id": conversation.id,
        "phone": conversation.phone_number,
        "ref": "evento-7",
        "filename": "css/base.css",
        "template_id": factories.template().id,
    }


def doors(app: Flask, values: dict[str, object]) -> list[Door]:
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            url = rule.build({name: values.get(name, 1) for name in rule.arguments}, append_unknown=False)
            assert url, f"no address leads to {rule}"
            found += [Door(rule.endpoint, method, url[1]) for method in sorted((rule.methods or set()) - BUILT_IN)]
    return found


def guarded(app: Flask, values: dict[str, object]) -> list[Door]:
    others = PUBLIC.keys() | TWILIO | CRON
    return [door for door in doors(app, values) if door.endpoint not in others]


def knock(client: FlaskClient, door: Door, **headers: str) -> TestResponse:
    body = {"json": {}} if door.is_api and door.method in UNSAFE else {}
    return client.open(door.url, method=door.method, headers=headers, **body)


def open_to(client: FlaskClient, app: Flask, values: dict[str, object], **headers: str) -> list[str]:
    """Knock on every guarded door as somebody who may not enter; return the doors that let them."""
    wrong = []
    for door in guarded(app, values):
        if door.is_api:
            answer = knock(client, door, **headers)
            refused = answer.status_code == 401 and answer.mimetype == "application/problem+json"
            if not refused or answer.json["code"] != "unauthorized":
                wrong.append(f"{door} answered {answer.status_code}")
            continue
        page, htmx = knock(client, door, **headers), knock(client, door, **headers, **{"HX-Request": "true"})
        if page.status_code != 303 or not page.headers["Location"].startswith("/login?"):
            wrong.append(f"{door} answered {page.status_code}")
        if htmx.status_code != 401 or "HX-Redirect" in htmx.headers or htmx.data:  # The page that asked stays.
            wrong.append(f"{door} answered {htmx.status_code} to htmx")
    return wrong


def test_nobody_enters_anywhere(app: Flask, nobody: FlaskClient, house: dict[str, object]) -> None:
    assert open_to(nobody, app, house) == []


def test_the_walk_covers_the_whole_house(app: Flask, house: dict[str, object]) -> None:
    walked = {door.endpoint for door in doors(app, house)}

    assert len(guarded(app, house)) > 30
    assert walked == {rule.endpoint for rule in app.url_map.iter_rules()}
    assert (PUBLIC.keys() | TWILIO | CRON) <= walked


def test_a_token_that_nobody_signed_opens_nothing(app: Flask, house: dict[str, object]) -> None:
    stranger = app.test_client()
    for name in ("coordina_access", "coordina_refresh"):
        stranger.set_cookie(name, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.AAAA")

    # Without any CSRF value the answer to a form would be 403, before anybody looks at the token.
    assert open_to(stranger, app, house, **{"X-CSRF-TOKEN": "0" * 64}) == []
    assert open_to(app.test_client(), app, house, Authorization="Bearer not.a.token") == []


def test_who_was_deactivated_enters_nowhere(
    app: Flask,
    house: dict[str, object],
    ana: User,
    factories: Factories,
    sign_in: Callable[[User], SignedInClient],
    bearer: Callable[[User], dict[str, str]],
) -> None:
    browser, program = sign_in(ana), bearer(ana)
    with writing() as session:
        session.merge(ana).active = False

    wrong = open_to(browser, app, house, **{"X-CSRF-TOKEN": browser.csrf})
    wrong += [line for line in open_to(app.test_client(), app, house, **program) if "/api/" in line]

    assert wrong == []


def test_who_signed_out_enters_nowhere_with_the_cookies_of_before(
    app: Flask, house: dict[str, object], ana: User, sign_in: Callable[[User], SignedInClient]
) -> None:
    browser = sign_in(ana)
    kept = {name: browser.get_cookie(name).value for name in ("coordina_access", "coordina_refresh")}
    assert browser.post("/logout", data={"csrf_token": browser.csrf}).status_code == 303
    for name, value in kept.items():
        browser.set_cookie(name, value)

    assert open_to(browser, app, house, **{"X-CSRF-TOKEN": browser.csrf}) == []


def test_a_refresh_token_that_ran_out_renews_nothing(
    app: Flask, house: dict[str, object], ana: User, sign_in: Callable[[User], SignedInClient]
) -> None:
    browser = sign_in(ana)
    browser.delete_cookie("coordina_access")
    with writing() as session:  # Spent long ago by somebody else: the cookie left behind is the one before the last.
        session.execute(
            update(LoginSession).values(refresh_id="0" * 32, rotated_at=utcnow() - timedelta(minutes=5)),
        )

    assert open_to(browser, app, house, **{"X-CSRF-TOKEN": browser.csrf}) == []


def without_csrf(client: FlaskClient, app: Flask, values: dict[str, object], **headers: str) -> list[str]:
    """Knock on every unsafe door with good cookies and a wrong CSRF value, or none; return the doors that let it in."""
    wrong = []
    for door in guarded(app, values):
        if door.method not in UNSAFE:
            continue
        for extra in ({}, {"HX-Request": "true"}):
            answer = knock(client, door, **headers, **extra)
            if answer.status_code != 403 or (door.is_api and answer.json["code"] != "csrf_failed"):
                wrong.append(f"{door} answered {answer.status_code}")
    return wrong


def test_cookies_alone_change_nothing(
    app: Flask, house: dict[str, object], ana: User, sign_in: Callable[[User], SignedInClient]
) -> None:
    assert without_csrf(sign_in(ana), app, house) == []


def test_the_csrf_value_of_another_session_changes_nothing(
    app: Flask, house: dict[str, object], ana: User, bruno: User, sign_in: Callable[[User], SignedInClient]
) -> None:
    browser, other = sign_in(ana), sign_in(bruno)

    assert browser.csrf != other.csrf
    assert without_csrf(browser, app, house, **{"X-CSRF-TOKEN": other.csrf}) == []


def test_a_renewal_on_the_way_in_asks_for_csrf_too(
    app: Flask, house: dict[str, object], ana: User, sign_in: Callable[[User], SignedInClient]
) -> None:
    browser = sign_in(ana)
    browser.delete_cookie("coordina_access")
    pages = [door for door in guarded(app, house) if door.method in UNSAFE and not door.is_api]

    assert {knock(browser, door).status_code for door in pages} == {403}


@pytest.mark.parametrize("who", ["ana", "carla"])
def test_staff_enter_everywhere_but_where_only_admins_may(
    app: Flask,
    house: dict[str, object],
    sign_in: Callable[[User], SignedInClient],
    who: str,
    request: pytest.FixtureRequest,
) -> None:
    user, wrong = request.getfixturevalue(who), []
    browser = sign_in(user)
    for door in guarded(app, house):
        leaves = door.endpoint in ("auth_leaving.sign_out", "auth_api_leaving.logout")
        answer = knock(sign_in(user) if leaves and door.is_api else browser, door, **{"X-CSRF-TOKEN": browser.csrf})
        if leaves:
            browser = sign_in(user)
        if door.endpoint in ADMIN and not user.is_admin:
            wrong += [] if answer.status_code == 403 else [f"{door} let staff in"]
            continue
        refused = answer.status_code in (401, 403) or answer.status_code >= 500
        if (refused and not leaves) or answer.headers.get("Location", "").startswith("/login?"):
            wrong.append(f"{door} answered {answer.status_code}")

    assert wrong == []


def test_a_program_of_the_staff_enters_every_door_of_the_api(
    app: Flask, house: dict[str, object], ana: User, bearer: Callable[[User], dict[str, str]]
) -> None:
    wrong = []
    for door in guarded(app, house):
        if door.is_api:
            answer = knock(app.test_client(), door, **bearer(ana))
            if answer.status_code in (401, 403) or answer.status_code >= 500:
                wrong.append(f"{door} answered {answer.status_code}")

    assert wrong == []


def test_a_bearer_token_opens_no_page(
    app: Flask, house: dict[str, object], ana: User, bearer: Callable[[User], dict[str, str]]
) -> None:
    # Pages are for browsers: a token that scripts hold must not stand in for a cookie that they cannot read.
    headers = bearer(ana)
    pages = [door for door in guarded(app, house) if not door.is_api]

    assert {knock(app.test_client(), door, **headers).status_code for door in pages} == {303}


def unsigned(client: FlaskClient, app: Flask, values: dict[str, object], **headers: str) -> list[str]:
    answers = [
        (door, client.open(door.url, method=door.method, data=inbound_form(), headers=headers))
        for door in doors(app, values)
        if door.endpoint in TWILIO
    ]
    return [f"{door} answered {answer.status_code}" for door, answer in answers if answer.status_code != 403]


def test_twilios_doors_open_to_nobody_else(
    app: Flask,
    nobody: FlaskClient,
    house: dict[str, object],
    carla: User,
    sign_in: Callable[[User], SignedInClient],
    bearer: Callable[[User], dict[str, str]],
) -> None:
    browser = sign_in(carla)

    assert unsigned(nobody, app, house) == []
    assert unsigned(browser, app, house, **{"X-CSRF-TOKEN": browser.csrf}) == []
    assert unsigned(nobody, app, house, **bearer(carla)) == []


def test_twilios_signature_opens_twilios_doors_and_no_other(
    app: Flask, nobody: FlaskClient, house: dict[str, object]
) -> None:
    form, opened = inbound_form(), set()
    for door in doors(app, house):
        if door.endpoint in PUBLIC:
            continue
        headers = {"X-Twilio-Signature": sign(door.url, form)}
        if nobody.open(door.url, method=door.method, data=form, headers=headers).status_code < 300:
            opened.add(door.endpoint)

    assert opened == TWILIO


def test_a_public_door_shows_a_stranger_nothing_of_the_staff(
    app: Flask, nobody: FlaskClient, house: dict[str, object], factories: Factories
) -> None:
    factories.user("zulema@oficina.example", name="Zulema")
    factories.message(factories.conversation("+5491166667777", profile_name="Zoilo"), "Hola, soy Zoilo")

    for door in doors(app, house):
        if door.endpoint in PUBLIC:
            with knock(nobody, door) as answer:
                assert not [word for word in ("ulema", "oilo", "66667777") if word in answer.text], str(door)


def test_head_and_options_tell_nothing(app: Flask, nobody: FlaskClient, house: dict[str, object]) -> None:
    for door in guarded(app, house):
        if door.method == "GET":
            head = nobody.head(door.url)
            assert head.status_code == (401 if door.is_api else 303), str(door)
        options = nobody.options(door.url)
        assert (options.status_code, options.data) == (200, b""), str(door)


@pytest.fixture
def careless(config: TestConfig) -> Iterator[Flask]:
    """The app of somebody who was in a hurry: three doors, and no guard."""
    app = create_app(config)
    app.test_client_class = IsolatedClient
    page, program = Blueprint("notes", __name__), Blueprint("notes_api", __name__, url_prefix="/api/notes")
    page.add_url_rule("/notes", view_func=lambda: "secret", endpoint="show")
    page.add_url_rule("/notes/<int:note_id>", view_func=lambda note_id: "gone", endpoint="drop", methods=["POST"])
    program.add_url_rule("", view_func=lambda: {"notes": []}, endpoint="list")
    app.register_blueprint(page)
    app.register_blueprint(program)
    app.add_url_rule("/health", view_func=lambda: "ok", endpoint="health")
    yield app
    with app.app_context():
        db.engine.dispose()


def test_a_new_door_without_a_guard_is_reported(
    careless: Flask, house: dict[str, object], ana: User, sign_in: Callable[[User], SignedInClient]
) -> None:
    forgotten = {"notes.show", "notes.drop", "notes_api.list", "health"}

    open_doors = open_to(careless.test_client(), careless, house)
    no_csrf = without_csrf(SignedInClient.of(careless, ana), careless, house)

    assert {line.split("(")[1].split(")")[0] for line in open_doors} == forgotten
    assert {line.split("(")[1].split(")")[0] for line in no_csrf} == {"notes.drop"}

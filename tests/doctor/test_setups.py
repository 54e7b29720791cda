"""`flask doctor` names what is broken in a set-up, and how to mend it: one broken set-up, one test."""

from __future__ import annotations

import contextvars
import socketserver
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import delete, text
from twilio.request_validator import RequestValidator
from werkzeug.serving import make_server

from app.auth.models import User
from app.doctor.knocking import Silent, ask_webhook
from app.extensions import db, init_migrations, utcnow, writing
from app.jobs.actions import beat
from app.jobs.models import Heartbeat, Job
from app.push.models import Subscription
from app.schema import REVISION
from app.twilio.client import NoAnswer, NotReached, Refused
from app.twilio.console import MISSING, SANDBOX, SANDBOX_NUMBER, SENDER, SERVICE, Reception
from app.twilio.payloads import StatusUpdate
from app.whatsapp.messaging.actions.outcome import apply_status
from config import engine_options
from simulator.running import QuietHandler
from tests.doctor.conftest import MakeApp, Report, diagnose
from tests.factories import Factories
from tests.fakes import FakeConsole
from tests.media import s3
from tests.push.mailbox import running_mailbox
from tests.signing import WEBHOOK, inbound_form, post_signed
from tests.twilio.scripted import closed_port

HERE = "https://coordina.example/api/whatsapp/webhook"


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve `app` on a free port of this machine, and give its address."""
    server = make_server("127.0.0.1", 0, app.wsgi_app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def console_of(app: Flask) -> FakeConsole:
    found = app.extensions["twilio_console"]
    assert isinstance(found, FakeConsole)
    return found


def assert_bad(report: Report, name: str, *seen: str, fix: str) -> None:
    """The line says that it is broken, names what was seen, and what to do; and the command fails."""
    line = report[name]
    assert (line.state, report.code) == ("bad", 1)
    assert [word for word in seen if word not in line.seen] == []
    assert fix in line.fix


@pytest.fixture
def office(app: Flask, carla: User, factories: Factories) -> Flask:
    """The database of an office in order: an admin with a device, a client who just wrote, and a worker that lives."""
    factories.message(factories.conversation(), payload={"SmsStatus": "received"})
    factories.device(carla)
    beat("worker")
    return app


# Nothing is wrong


def test_an_office_in_order_is_told_so(office: Flask, make_app: MakeApp) -> None:
    report = diagnose(make_app())

    redis = {"redis": "warn"} if db.engine.dialect.name == "postgresql" else {}
    assert {name: line.state for name, line in report.lines.items() if line.state != "ok"} == redis
    assert report.code == 0
    assert len(report.lines) >= 10


def test_the_addresses_to_paste_are_told_whole(office: Flask, make_app: MakeApp) -> None:
    output = diagnose(make_app()).output

    assert f" {HERE}\n" in output
    assert " https://coordina.example/api/whatsapp/status\n" in output


@pytest.mark.parametrize(("keys", "fix"), [("", "flask push keys"), ("k" * 43, "Notices")])
def test_an_office_that_tells_nobody_on_a_device_is_told_so(
    office: Flask, make_app: MakeApp, keys: str, fix: str
) -> None:
    with writing() as session:
        session.execute(delete(Subscription))

    line = diagnose(make_app(VAPID_PRIVATE_KEY=keys))["devices"]

    assert line.state == "warn"
    assert fix in line.fix


# The database


def own_database(path: Path, **changes: Any) -> dict[str, Any]:
    url = f"sqlite:///{path}"
    return {"SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": engine_options(url)} | changes


@pytest.mark.enable_socket
def test_a_database_that_is_off(make_app: MakeApp) -> None:
    port = closed_port()
    url = f"postgresql+psycopg://coordina:secreto@127.0.0.1:{port}/coordina"

    report = diagnose(make_app(SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=engine_options(url)))

    assert_bad(report, "database", f"127.0.0.1:{port}/coordina", fix="DATABASE_URL")
    assert "secreto" not in report.output
    assert not {"people", "work", "webhooks"} & report.lines.keys()


def test_a_database_in_a_folder_that_cannot_be_made(make_app: MakeApp) -> None:
    report = diagnose(make_app(**own_database(Path("/proc/nowhere/coordina.db"))))

    assert_bad(report, "database", "/proc/nowhere/coordina.db", fix="DATABASE_URL")


def test_a_database_that_is_still_empty(make_app: MakeApp, tmp_path: Path) -> None:
    report = diagnose(make_app(**own_database(tmp_path / "new.db")))

    assert_bad(report, "database", str(tmp_path / "new.db"), fix="flask db upgrade")


@pytest.fixture
def at_revision(office: Flask) -> Any:
    """Return a function that lets the database say that it is at another migration, until the test is over."""

    def say(revision: str) -> None:
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})

    db.session.rollback()
    yield say
    db.session.rollback()
    say(REVISION)


def test_a_database_that_was_not_migrated(make_app: MakeApp, at_revision: Callable[[str], None]) -> None:
    at_revision("0001")

    assert_bad(diagnose(make_app()), "database", "0001", REVISION, fix="flask db upgrade")


def test_a_database_that_is_newer_than_the_code_serves_for_now(
    make_app: MakeApp, at_revision: Callable[[str], None]
) -> None:
    at_revision("9999")
    report = diagnose(make_app())

    assert (report["database"].state, report.code) == ("warn", 0)
    assert "9999" in report["database"].seen


def migrated(app: Flask) -> None:
    def run() -> None:
        init_migrations(app)
        with app.app_context():
            upgrade()
            db.engine.dispose()

    contextvars.Context().run(run)


def test_a_database_file_that_can_only_be_read(make_app: MakeApp, tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    migrated(make_app(**own_database(path)))

    report = diagnose(make_app(**own_database(Path(f"file:{path}?mode=ro&uri=true"))))

    assert_bad(report, "disk", str(path), fix="DATABASE_URL")
    assert report["database"].state == "ok"


def test_a_database_that_lacks_a_table(make_app: MakeApp, tmp_path: Path) -> None:
    path = tmp_path / "torn.db"
    migrated(make_app(**own_database(path)))
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE latidos")
    connection.close()

    assert_bad(diagnose(make_app(**own_database(path))), "database", "latidos", fix="DATABASE_URL")


def test_a_read_only_replica(office: Flask, make_app: MakeApp, config: Any) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("Only PostgreSQL has replicas.")
    options = engine_options(config.SQLALCHEMY_DATABASE_URI)
    options["connect_args"] = options["connect_args"] | {"options": "-c default_transaction_read_only=on"}

    assert_bad(diagnose(make_app(SQLALCHEMY_ENGINE_OPTIONS=options)), "disk", fix="DATABASE_URL")


# The rest of the house


def test_a_redis_that_is_off(make_app: MakeApp) -> None:
    report = diagnose(make_app(RATELIMIT_STORAGE_URI="patient-redis://127.0.0.1:9/0"))

    assert_bad(report, "redis", "Redis", fix="REDIS_URL")


class RefusingRedis(socketserver.StreamRequestHandler):
    """Answers every command with an error, as one that wants another password does."""

    def handle(self) -> None:
        # Who asked may be gone; the trace of that, with this very line, would stand in what the doctor printed.
        with suppress(OSError):
            while self.rfile.readline():
                self.wfile.write(b"-NOAUTH Authentication required for hunter2.\r\n")


@pytest.mark.enable_socket
def test_a_redis_that_refuses_is_not_called_slow(make_app: MakeApp) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), RefusingRedis) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        report = diagnose(make_app(RATELIMIT_STORAGE_URI=f"patient-redis://127.0.0.1:{server.server_address[1]}/0"))
        server.shutdown()

    assert_bad(report, "redis", "AuthenticationError", fix="REDIS_URL")
    assert "in time" not in report["redis"].seen
    assert "hunter2" not in report.output


def test_a_password_in_an_address_is_shown_nowhere(office: Flask, make_app: MakeApp) -> None:
    ours, theirs = "https://ana:hunter2@coordina.example", "https://bruno:swordfish@otra.example/hook"
    app = make_app(TWILIO_WEBHOOK_URL=f"{ours}/api/whatsapp/webhook")
    console_of(app).reception = replace(console_of(app).reception, url=theirs)

    reports = [diagnose(app), diagnose(make_app(TWILIO_WEBHOOK_URL=f"{ours}/otra"))]

    for report in reports:
        assert "coordina.example/api/whatsapp/webhook" in report.output
        assert not [word for word in ("hunter2", "swordfish") if word in report.output]


def test_rate_limits_that_are_off(office: Flask, make_app: MakeApp) -> None:
    report = diagnose(make_app(RATELIMIT_ENABLED=False))

    assert report["settings"].state == "warn"
    assert "RATELIMIT_ENABLED" in report["settings"].seen
    assert "RATELIMIT_ENABLED" in report["settings"].fix


def test_a_simulator_in_twilios_place(office: Flask, make_app: MakeApp) -> None:
    url = "http://127.0.0.1:5000/api/whatsapp/webhook"
    report = diagnose(make_app(TWILIO_API_BASE_URL="http://127.0.0.1:4020", TWILIO_WEBHOOK_URL=url))

    assert (report["settings"].state, report["address"].state) == ("warn", "ok")
    assert "TWILIO_API_BASE_URL" in report["settings"].fix


def test_nobody_who_may_change_things(app: Flask, ana: User, factories: Factories, make_app: MakeApp) -> None:
    factories.user("ex@example.com", role="admin", active=False)

    assert_bad(diagnose(make_app()), "people", "admin", fix="flask users create")


def store_job(**fields: Any) -> None:
    with writing() as session:
        session.add(Job(name="whatsapp.sync", **fields))


def test_work_that_was_given_up(office: Flask, make_app: MakeApp) -> None:
    store_job(failed_at=utcnow())
    store_job(failed_at=utcnow())

    assert_bad(diagnose(make_app()), "work", "2", "whatsapp.sync", fix="trabajos")


def test_work_that_nobody_does(app: Flask, carla: User, make_app: MakeApp) -> None:
    store_job(run_at=utcnow() - timedelta(hours=3))

    shut, open_ = diagnose(make_app()), diagnose(make_app(CRON_SECRET="a secret of the cron"))

    assert_bad(shut, "work", "3", fix="CRON_SECRET")
    assert "flask worker" in open_["work"].fix
    assert "/internal/cron/run" in open_["work"].fix


@pytest.mark.parametrize(("name", "fix"), [("worker", "flask worker"), ("cron", "CRON_SECRET")])
def test_a_worker_or_a_cron_that_stopped(app: Flask, carla: User, make_app: MakeApp, name: str, fix: str) -> None:
    with writing() as session:
        session.add(Heartbeat(name=name, at=utcnow() - timedelta(days=2)))

    line = diagnose(make_app())["work"]

    assert line.state == "warn"
    assert name in line.seen
    assert fix in line.fix


def test_no_worker_and_no_cron_will_do_for_one_machine(app: Flask, carla: User, make_app: MakeApp) -> None:
    alone = db.engine.dialect.name == "sqlite"

    assert diagnose(make_app())["work"].state == ("ok" if alone else "warn")
    assert diagnose(make_app(VERCEL=True))["work"].state == "warn"
    assert "REDIS_URL" in diagnose(make_app(VERCEL=True))["redis"].fix


# The way to Twilio


def test_settings_that_stop_half_way(office: Flask, make_app: MakeApp) -> None:
    report = diagnose(make_app(TWILIO_AUTH_TOKEN="", TWILIO_WHATSAPP_NUMBER=""))

    assert_bad(report, "connection", "TWILIO_AUTH_TOKEN", "TWILIO_WHATSAPP_NUMBER", fix="Twilio")
    assert "TWILIO_ACCOUNT_SID" not in report["connection"].seen


def test_an_office_that_has_not_begun_with_twilio_is_not_broken(app: Flask, carla: User, make_app: MakeApp) -> None:
    nothing = dict.fromkeys(("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_WHATSAPP_NUMBER"), "")
    app = make_app(**nothing, TWILIO_WEBHOOK_URL="")
    console_of(app).account = replace(console_of(app).account, sid="", token="")

    report = diagnose(app)

    assert (report["connection"].state, report.code) == ("warn", 0)
    assert not {"credentials", "address"} & report.lines.keys()


ADDRESSES = [
    ("", "TWILIO_WEBHOOK_URL", "TWILIO_WEBHOOK_URL=https://YOUR-HOST/api/whatsapp/webhook"),
    ("http://coordina.example/api/whatsapp/webhook", "http://coordina.example", f"TWILIO_WEBHOOK_URL={HERE}"),
    ("https://coordina.example/webhook", "https://coordina.example/webhook", f"TWILIO_WEBHOOK_URL={HERE}"),
    ("https://coordina.example", "https://coordina.example", f"TWILIO_WEBHOOK_URL={HERE}"),
    ("https://localhost:5000/api/whatsapp/webhook", "localhost:5000", "https"),
    ("https://192.168.1.20/api/whatsapp/webhook", "192.168.1.20", "https"),
    ("https://[::1]/api/whatsapp/webhook", "[::1]", "https"),
    ("https://oficina.local/api/whatsapp/webhook", "oficina.local", "https"),
    ("https://servidor/api/whatsapp/webhook", "servidor", "https"),
]


@pytest.mark.parametrize(("url", "seen", "fix"), ADDRESSES)
def test_an_address_that_twilio_cannot_use(office: Flask, make_app: MakeApp, url: str, seen: str, fix: str) -> None:
    assert_bad(diagnose(make_app(TWILIO_WEBHOOK_URL=url)), "address", seen, fix=fix)


@pytest.mark.parametrize("url", [HERE, HERE + "#rc=3&rp=all", "https://8.8.8.8:8443/pre/api/whatsapp/webhook"])
def test_an_address_that_will_do(office: Flask, make_app: MakeApp, url: str) -> None:
    assert diagnose(make_app(TWILIO_WEBHOOK_URL=url))["address"].state == "ok"


# What Twilio says


# What only a try can tell


@pytest.mark.parametrize("answer", ["404", "301", "200"])
def test_a_public_address_where_something_else_answers(office: Flask, make_app: MakeApp, answer: str) -> None:
    app = make_app()
    app.extensions["public_address"] = lambda _url: answer

    report = diagnose(app)

    assert report["address"].state == "ok"  # It looks right, and no more was known.
    assert_bad(report, "outside", HERE, answer, fix="")


def test_a_public_address_that_cannot_be_reached_from_here(office: Flask, make_app: MakeApp) -> None:
    app = make_app()

    def nobody(_url: str) -> str:
        raise Silent("gaierror")

    app.extensions["public_address"] = nobody

    assert (diagnose(app)["outside"].state, "gaierror" in diagnose(app)["outside"].seen) == ("warn", True)


@pytest.mark.enable_socket
def test_the_webhook_itself_is_what_answers_at_its_address(app: Flask) -> None:
    with serving(app) as url:
        there = ask_webhook(f"{url}{WEBHOOK}")
        elsewhere = [ask_webhook(f"{url}{path}") for path in (f"{WEBHOOK}/", "/whatsapp/webhook", "/login")]

    assert (there, elsewhere) == ("", ["404", "404", "200"])
    with pytest.raises(Silent, match="ConnectionRefusedError"):
        ask_webhook(f"http://127.0.0.1:{closed_port()}{WEBHOOK}")


@pytest.mark.enable_socket
def test_a_bucket_is_tried_with_a_file_and_nothing_stays_in_it(office: Flask, make_app: MakeApp) -> None:
    app = make_app()
    with s3.running() as service:
        app.extensions["media_bucket"] = service.store()
        works = diagnose(app)
        app.extensions["media_bucket"] = service.store(secret_access_key="swordfish")
        refused = diagnose(app)

        assert (works["bucket"].state, service.objects) == ("ok", {})
    assert_bad(refused, "bucket", fix="MEDIA_S3_")
    assert "swordfish" not in refused.output


@pytest.mark.enable_socket
def test_a_mail_server_is_tried_and_gets_no_mail(office: Flask, make_app: MakeApp) -> None:
    with running_mailbox() as mailbox:
        works = diagnose(make_app(SMTP_URL=mailbox.url))

        assert (works["mail"].state, mailbox.got) == ("ok", [])
    shut = diagnose(make_app(SMTP_URL=f"smtp://ana:hunter2@127.0.0.1:{closed_port()}"))
    assert_bad(shut, "mail", "ConnectionRefusedError", fix="SMTP_URL")
    assert "hunter2" not in shut.output


def test_credentials_that_twilio_does_not_take(office: Flask, make_app: MakeApp) -> None:
    app = make_app()
    console_of(app).failure = Refused(20003, "Authenticate", 401)

    report = diagnose(app)

    assert_bad(report, "credentials", "TWILIO_AUTH_TOKEN", "20003", fix="Twilio")
    assert "reception" not in report.lines


def test_an_account_that_does_not_exist(office: Flask, make_app: MakeApp) -> None:
    app = make_app()
    console_of(app).failure = Refused(20404, "not found", 404)

    assert_bad(diagnose(app), "credentials", "20404", fix="TWILIO_ACCOUNT_SID")


def test_an_account_that_was_suspended(office: Flask, make_app: MakeApp) -> None:
    app = make_app()
    console_of(app).remote = replace(console_of(app).remote, status="suspended")

    assert_bad(diagnose(app), "credentials", "suspended", fix="Twilio")


def test_a_network_without_a_way_out(office: Flask, make_app: MakeApp) -> None:
    app = make_app()
    console_of(app).failure = NotReached()

    assert_bad(diagnose(app), "credentials", "Twilio", fix="TWILIO_API_BASE_URL")


def test_a_twilio_that_does_not_answer_is_no_fault_of_ours(office: Flask, make_app: MakeApp) -> None:
    app = make_app()
    console_of(app).failure = NoAnswer()

    report = diagnose(app)

    assert (report["credentials"].state, report.code) == ("warn", 0)
    assert "status.twilio.com" in report["credentials"].fix


ELSEWHERE = Reception(SENDER, "XE" + "0" * 32, "https://otra.example/hook", "POST", "ONLINE")
RECEPTIONS = [
    (ELSEWHERE, ["https://otra.example/hook"], HERE),
    (replace(ELSEWHERE, url=""), [], HERE),
    (replace(ELSEWHERE, url=HERE, method="GET"), ["GET", HERE], HERE),
    (replace(ELSEWHERE, kind=SERVICE, state=""), ["https://otra.example/hook"], HERE),
    (replace(ELSEWHERE, url=HERE, state="OFFLINE", offline_codes=("63114",)), ["OFFLINE", "63114"], "WhatsApp senders"),
    (Reception(MISSING), ["+14155550100"], "TWILIO_WHATSAPP_NUMBER"),
]


@pytest.mark.parametrize(("reception", "seen", "fix"), RECEPTIONS)
def test_a_twilio_that_tells_somebody_else(
    office: Flask, make_app: MakeApp, reception: Reception, seen: list[str], fix: str
) -> None:
    app = make_app()
    console_of(app).reception = reception

    assert_bad(diagnose(app), "reception", *seen, fix=fix)


def test_overrides_of_the_connection_are_for_twilio_alone(office: Flask, make_app: MakeApp) -> None:
    app = make_app()
    console_of(app).reception = replace(ELSEWHERE, url=HERE + "#rc=3&rp=all")

    assert diagnose(app)["reception"].state == "ok"


@pytest.mark.parametrize("failure", [Refused(20403, "forbidden", 403), NoAnswer()])
def test_an_account_that_may_not_be_asked_where_it_posts(office: Flask, make_app: MakeApp, failure: Exception) -> None:
    app = make_app()
    console_of(app).reception_failure = failure

    report = diagnose(app)

    assert (report["credentials"].state, report["reception"].state, report.code) == ("ok", "warn", 0)
    assert "WhatsApp senders" in report["reception"].fix


def test_the_sandbox_cannot_be_read_and_says_where_to_look(office: Flask, make_app: MakeApp) -> None:
    app = make_app(TWILIO_WHATSAPP_NUMBER=SANDBOX_NUMBER)
    console_of(app).reception = Reception(SANDBOX)

    line = diagnose(app)["reception"]

    assert line.state == "ok"
    assert HERE in line.seen
    assert "Sandbox settings" in line.seen


@pytest.mark.parametrize("ahead", [timedelta(minutes=12), timedelta(hours=-3)])
def test_a_clock_that_is_wrong(office: Flask, make_app: MakeApp, ahead: timedelta) -> None:
    app = make_app()
    console_of(app).remote = replace(console_of(app).remote, clock_ahead=ahead)

    assert_bad(diagnose(app), "clock", "12" if ahead > timedelta(0) else "3", fix="NTP")


def test_a_clock_that_is_a_little_off(office: Flask, make_app: MakeApp) -> None:
    app = make_app()
    console_of(app).remote = replace(console_of(app).remote, clock_ahead=timedelta(minutes=2))

    assert diagnose(app)["clock"].state == "warn"


# Webhooks that were refused


def signature_of(url: str, form: dict[str, Any], token: str = "test-auth-token") -> str:
    return str(RequestValidator(token).compute_signature(url, form))


def knock(app: Flask, form: dict[str, Any] | None = None, **more: Any) -> None:
    assert app.test_client().post(WEBHOOK, data=form or inbound_form(), **more).status_code == 403


@pytest.mark.parametrize(
    ("signed_for", "seen"),
    [
        ("http://coordina.example", "http"),
        ("https://viejo.example", "https://viejo.example/api/whatsapp/webhook"),
    ],
)
def test_a_webhook_that_twilio_signed_for_another_address(
    office: Flask, make_app: MakeApp, signed_for: str, seen: str
) -> None:
    app, form = make_app(), inbound_form()
    host = signed_for.partition("://")[2]
    headers = {"X-Twilio-Signature": signature_of(signed_for + WEBHOOK, form)}
    assert app.test_client().post(WEBHOOK, data=form, headers=headers, base_url=f"http://{host}").status_code == 403

    assert_bad(diagnose(app), "webhooks", signed_for + WEBHOOK, seen, fix=HERE)

    assert post_signed(app.test_client(), WEBHOOK, inbound_form()).status_code == 200
    assert diagnose(app)["webhooks"].state == "ok"


@pytest.mark.parametrize("path", [f"{WEBHOOK}/", "/whatsapp/webhook", "/", "/api/whatsapp"])
def test_a_webhook_that_twilio_posts_to_a_path_where_nothing_is(office: Flask, make_app: MakeApp, path: str) -> None:
    app, form = make_app(), inbound_form()
    aimed_at = f"https://coordina.example{path}"
    stranger = {"X-Twilio-Signature": signature_of(aimed_at, form, token="of somebody else")}
    assert app.test_client().post(path, data=form, headers=stranger).status_code in (404, 405)
    assert diagnose(app)["webhooks"].state == "ok"

    app.test_client().post(path, data=form, headers={"X-Twilio-Signature": signature_of(aimed_at, form)})

    assert_bad(diagnose(app), "webhooks", f"signed for another address: {aimed_at}", fix=HERE)


def test_a_webhook_that_was_signed_with_another_token(office: Flask, make_app: MakeApp) -> None:
    app, form = make_app(), inbound_form()
    headers = {"X-Twilio-Signature": signature_of(HERE, form, token="the token of before")}
    assert app.test_client().post(WEBHOOK, data=form, headers=headers).status_code == 403

    assert_bad(diagnose(app), "webhooks", fix="TWILIO_AUTH_TOKEN")


def test_a_webhook_that_came_before_the_credentials(office: Flask, make_app: MakeApp) -> None:
    app = make_app(TWILIO_AUTH_TOKEN="")
    knock(app)

    assert_bad(diagnose(app), "webhooks", "TWILIO_AUTH_TOKEN", fix="Twilio")


def test_strangers_at_the_door_are_no_fault_of_the_office(office: Flask, make_app: MakeApp) -> None:
    app = make_app()
    knock(app)
    assert (diagnose(app)["webhooks"].state, diagnose(app).code) == ("ok", 0)

    app.extensions.pop("webhook_refusals")  # Some time later.
    knock(app, headers={"X-Twilio-Signature": "a" * 28}, form=inbound_form(AccountSid="AC" + "1" * 32))
    assert (diagnose(app)["webhooks"].state, diagnose(app).code) == ("ok", 0)


def test_messages_that_only_the_sync_brings(app: Flask, carla: User, factories: Factories, make_app: MakeApp) -> None:
    factories.message(factories.conversation())

    assert diagnose(make_app())["webhooks"].state == "warn"


def test_a_number_that_nobody_wrote_to_yet(app: Flask, carla: User, make_app: MakeApp) -> None:
    assert diagnose(make_app())["webhooks"].state == "warn"


# Mending


def test_the_doctor_tells_twilio_where_to_post(office: Flask, make_app: MakeApp) -> None:
    app = make_app()
    console_of(app).reception = ELSEWHERE

    assert diagnose(app).code == 1
    assert console_of(app).told == []
    report = diagnose(app, "--fix")

    assert (report["reception"].state, report.code) == ("ok", 0)
    assert console_of(app).told == [(HERE, "https://coordina.example/api/whatsapp/status")]


@pytest.mark.parametrize(
    "changes", [{"TWILIO_WEBHOOK_URL": ""}, {"TWILIO_WEBHOOK_URL": "https://localhost/api/whatsapp/webhook"}]
)
def test_twilio_is_told_no_address_that_will_not_do(office: Flask, make_app: MakeApp, changes: dict[str, str]) -> None:
    app = make_app(**changes)
    console_of(app).reception = ELSEWHERE

    report = diagnose(app, "--fix")

    assert report.code == 1
    assert console_of(app).told == []
    assert "Nothing was changed at Twilio" in report.output


def test_what_no_api_reaches_is_left_to_people(office: Flask, make_app: MakeApp) -> None:
    app = make_app()
    console_of(app).reception = Reception(SANDBOX)

    assert "Nothing was changed at Twilio" in diagnose(app, "--fix").output


def test_an_account_that_sends_nothing_is_found_in_a_shell_too(
    office: Flask, make_app: MakeApp, factories: Factories
) -> None:
    failed = factories.message(factories.conversation("+5491155550177"), direction="outbound", status="queued")
    apply_status(StatusUpdate(failed.message_sid or "", "failed", error_code=63051))

    report = diagnose(make_app())

    assert (report["sending"].state, report.code) == ("bad", 1)

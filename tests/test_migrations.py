"""Migrations run forward and back on a database of their own, and say what the models say; the database says no."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import CheckConstraint, MetaData, Table, create_engine, event, inspect, null, select, text
from sqlalchemy.exc import IntegrityError

from app import create_app
from app.extensions import Base, db, init_migrations, writing
from app.jobs.models import Heartbeat, Job
from app.schema import REVISION, find_revision, is_behind
from app.whatsapp.alerts.notice_queries import find_notices
from app.whatsapp.costs.queries import find_last_asked
from app.whatsapp.models import ChangeCounter, Conversation, Message, TypingTurn
from config import TestConfig, engine_options, parse_database_url
from tests.factories import Factories

KEPT = ("whatsapp_conversaciones", "whatsapp_mensajes", "whatsapp_medios")
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


@pytest.fixture
def empty_url(tmp_path: Path) -> Iterator[str]:
    """A database with nothing in it: a SQLite file, or one made on the server of TEST_DATABASE_URL."""
    server = os.environ.get("TEST_DATABASE_URL")
    if not server:
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    name = f"coordina_migrations_{uuid.uuid4().hex}"
    admin = create_engine(parse_database_url(server), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield admin.url.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture
def empty_app(empty_url: str) -> Iterator[Flask]:
    app = create_app(TestConfig(SQLALCHEMY_DATABASE_URI=empty_url, SQLALCHEMY_ENGINE_OPTIONS=engine_options(empty_url)))
    init_migrations(app)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_migrations_go_up_and_down_and_up_again(empty_app: Flask) -> None:
    assert tables() == set()

    upgrade()
    there = tables()
    downgrade(revision="base")
    gone = tables()
    upgrade()

    assert there == set(Base.metadata.tables)
    assert gone == set()
    assert tables() == there
    assert db.session.scalars(select(ChangeCounter.value)).all() == [0]
    assert db.session.scalars(select(Job.name)).all() == ["whatsapp.sync"]


def test_each_migration_can_be_taken_back_alone(empty_app: Flask) -> None:
    script = ScriptDirectory(str(MIGRATIONS))

    for revision in reversed(list(script.walk_revisions())):
        upgrade(revision=revision.revision)
        downgrade(revision="-1")
        upgrade(revision=revision.revision)

    assert tables() == set(Base.metadata.tables)


def test_the_models_and_the_migrations_say_the_same(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": Base.metadata})
        differences = compare_metadata(context, Base.metadata)

    assert differences == []


def test_the_models_and_the_migrations_name_the_same_checks(app: Flask) -> None:
    # Alembic compares no CHECK constraints.
    inspector = inspect(db.engine)
    for table in Base.metadata.tables.values():
        ours = {str(check.name) for check in table.constraints if isinstance(check, CheckConstraint) and check.name}
        theirs = {check["name"] for check in inspector.get_check_constraints(table.name)}

        assert theirs == ours, table.name


def test_migrations_stand_in_one_line_and_are_named_in_order() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    revisions = [revision.revision for revision in reversed(list(script.walk_revisions()))]
    files = sorted(path.name for path in (MIGRATIONS / "versions").glob("*.py"))

    assert len(script.get_heads()) == 1
    assert all(re.fullmatch(r"\d{4}_[a-z]+(_[a-z0-9]+)+\.py", name) for name in files)
    assert [name[:4] for name in files] == [f"{number:04}" for number in range(1, len(files) + 1)]
    assert [revision[:4] for revision in revisions] == [name[:4] for name in files]


def test_migrations_import_nothing_of_the_app() -> None:
    # The app changes; what was migrated years ago must not.
    for path in (MIGRATIONS / "versions").glob("*.py"):
        assert not re.search(r"^\s*(from|import) app\b", path.read_text(), re.M), path.name


def test_the_change_sequence_has_its_one_row_from_the_start(app: Flask) -> None:
    assert db.session.execute(select(ChangeCounter.id, ChangeCounter.value)).all() == [(1, 0)]

    with pytest.raises(IntegrityError), writing() as session:
        session.add(ChangeCounter(id=2, value=0))


def test_unread_can_never_be_negative(factories: Factories) -> None:
    conversation = factories.conversation()

    with pytest.raises(IntegrityError), writing() as session:
        session.get_one(Conversation, conversation.id).unread_count = -1

    assert factories.reload(conversation).unread_count == 0


def test_a_message_of_no_conversation_is_refused(factories: Factories) -> None:
    conversation = factories.conversation()
    message = factories.message(conversation)

    with pytest.raises(IntegrityError), writing() as session:
        session.get_one(Message, message.id).conversation_id = conversation.id + 1000


def test_what_is_one_stays_one(factories: Factories) -> None:
    conversation = factories.conversation(user_id="AR.1")
    factories.message(conversation, message_sid="SM1", idempotency_key="key")

    for twice in ({"message_sid": "SM1"}, {"message_sid": "SM2", "idempotency_key": "key"}):
        with pytest.raises(IntegrityError):
            factories.message(conversation, **twice)
    # The same person with and without the 9, and the same user id under another number.
    for phone, user_id in (("+541155550101", None), ("+5491155550199", "AR.1")):
        with pytest.raises(IntegrityError):
            factories.conversation(phone, user_id=user_id)


def test_a_contact_of_nobody_is_refused(factories: Factories) -> None:
    with pytest.raises(IntegrityError):
        factories.conversation(None)


def test_sqlite_keeps_its_promises(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL needs no asking")

    with db.engine.connect() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("foreign_keys", "journal_mode", "busy_timeout", "synchronous")
        }

    # synchronous = FULL: what was acknowledged survives the power cut.
    assert pragmas == {"foreign_keys": 1, "journal_mode": "wal", "busy_timeout": 15000, "synchronous": 2}


def test_the_code_knows_the_newest_migration() -> None:
    # What is deployed may come without migrations/, so app/schema.py says it again: change it with each new file.
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == REVISION


def test_what_the_database_came_to_is_found_without_alembic(empty_app: Flask) -> None:
    with db.engine.connect() as connection:
        assert find_revision(connection) is None
        assert is_behind(None)
    upgrade(revision="0001")
    with db.engine.connect() as connection:
        assert find_revision(connection) == "0001"
        assert is_behind("0001")
    upgrade()
    with db.engine.connect() as connection:
        assert find_revision(connection) == REVISION
        assert not is_behind(REVISION)


def test_a_migration_keeps_what_is_there(empty_app: Flask) -> None:
    """SQLite copies a table by dropping it, which takes with it the rows that refer to it, unless it is told not to."""
    upgrade(revision="0002")
    now = "2026-01-01 00:00:00+00:00"
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO whatsapp_conversaciones (id, coordinacion_chosen, phone_number, phone_key, profile_name, "
                "search_text, last_message_at, unread_count, opted_out, change, created_at) "
                "VALUES (1, false, '+5491155550101', '541155550101', '', '', :now, 0, false, 0, :now)"
            ),
            {"now": now},
        )
        connection.execute(
            text(
                "INSERT INTO whatsapp_mensajes (id, conversation_id, direction, type, body, search_text, from_number, "
                "to_number, status, error_message, request_digest, payload, sent_at, change, created_at) VALUES "
                "(1, 1, 'inbound', 'image', 'hola', 'hola', '', '', 'received', '', '', '{}', :now, 1, :now)"
            ),
            {"now": now},
        )
        connection.execute(
            text(
                "INSERT INTO whatsapp_medios (id, message_id, position, url, content_type, filename) "
                "VALUES (1, 1, 0, 'https://api.twilio.com/x', 'image/jpeg', '')"
            )
        )

    upgrade()
    there = [db.session.scalar(text(f"SELECT count(*) FROM {table}")) for table in KEPT]
    state = db.session.scalar(text("SELECT state FROM whatsapp_medios"))
    db.session.rollback()
    downgrade(revision="0002")

    assert (there, state) == ([1, 1, 1], "remote")
    assert [db.session.scalar(text(f"SELECT count(*) FROM {table}")) for table in KEPT] == [1, 1, 1]


def test_brazilian_numbers_are_compared_anew_and_doubles_stay(empty_app: Flask) -> None:
    upgrade(revision="0002")
    now = "2026-01-01 00:00:00+00:00"
    numbers = {1: "+5541988887777", 2: "+554188887777", 3: "+5511934445555", 4: "+5491155550101", 5: "+5521987654321"}
    with db.engine.begin() as connection:
        for row_id, number in numbers.items():
            connection.execute(
                text(
                    "INSERT INTO whatsapp_conversaciones (id, coordinacion_chosen, phone_number, phone_key, "
                    "profile_name, search_text, last_message_at, unread_count, opted_out, change, created_at) "
                    "VALUES (:id, false, :number, :key, '', '', :now, 0, false, 0, :now)"
                ),
                {"id": row_id, "number": number, "key": number[1:], "now": now},
            )
        connection.execute(
            text(
                "INSERT INTO coordinaciones (id, title, client_name, phone, phone_key, event_kind, place, state, "
                "notes, search_text, created_at, updated_at) VALUES (1, '', '', '+5541988887777', '5541988887777', "
                "'other', '', 'quote', '', '', :now, :now)"
            ),
            {"now": now},
        )

    upgrade()

    keys = "SELECT phone_key FROM whatsapp_contactos ORDER BY id"
    assert list(db.session.scalars(text(keys))) == [
        "5541988887777",  # Its short form is the second one's already.
        "554188887777",
        "5511934445555",
        "5491155550101",
        "552187654321",
    ]
    assert db.session.scalar(text("SELECT phone_key FROM coordinaciones")) == "554188887777"
    db.session.rollback()
    downgrade(revision="0002")
    keys = "SELECT phone_key FROM whatsapp_conversaciones ORDER BY id"
    assert list(db.session.scalars(text(keys)))[-1] == "5521987654321"


def test_what_fails_at_the_end_leaves_the_database_at_the_version_it_had(empty_app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL looks at each reference by itself")
    upgrade(revision="0002")
    with db.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys=OFF")
        driver.execute(
            "INSERT INTO whatsapp_medios (id, message_id, position, url, content_type, filename) "
            "VALUES (1, 999, 0, 'https://api.twilio.com/x', 'image/jpeg', '')"
        )
        driver.execute("PRAGMA foreign_keys=ON")

    with pytest.raises(SystemExit):
        upgrade()

    with db.engine.connect() as connection:
        assert find_revision(connection) == "0002"


def test_a_migration_waits_for_whoever_is_writing_to_the_file(empty_app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has no one lock for all that is written")
    upgrade(revision="0002")
    begun = threading.Event()
    event.listen(db.engine, "engine_connect", lambda _connection: begun.set())

    def migrate() -> None:
        with empty_app.app_context():
            upgrade()

    with sqlite3.connect(db.engine.url.database or "", isolation_level=None) as writer, ThreadPoolExecutor(1) as thread:
        writer.execute("BEGIN IMMEDIATE")
        migrating = thread.submit(migrate)
        assert begun.wait(20)
        writer.execute("UPDATE cambios SET value = 7")
        writer.execute("COMMIT")
        migrating.result(60)
    writer.close()

    assert db.session.scalars(select(ChangeCounter.value)).all() == [7]
    with db.engine.connect() as connection:
        assert find_revision(connection) == REVISION


def test_of_two_migrations_at_once_one_waits_and_both_succeed(empty_app: Flask, empty_url: str) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite's own lock is tried above")
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    environment = os.environ | {"SECRET_KEY": "k" * 40, "DATABASE_URL": empty_url, "REDIS_URL": ""}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    with db.engine.connect() as first, db.engine.connect() as watcher:
        env = Path(MIGRATIONS, "env.py").read_text()
        number = re.search(r"MIGRATING = (0x[0-9A-F]+)", env)
        assert number is not None
        first.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": int(number[1], 16)})

        both = [subprocess.Popen(command, cwd=MIGRATIONS.parent, env=environment) for _ in range(2)]
        deadline = time.monotonic() + 60
        while watcher.scalar(waiting) != 2 and time.monotonic() < deadline:
            watcher.rollback()
            time.sleep(0.02)
        stood = [each.poll() for each in both]
        first.rollback()
        ended = [each.wait(60) for each in both]

    assert (stood, ended) == ([None, None], [0, 0])
    with db.engine.connect() as connection:
        assert find_revision(connection) == REVISION


def test_what_searches_look_into_is_folded_anew(empty_app: Flask) -> None:
    # As it was stored before quotes, dashes, invisible and fancy letters were folded, and notes looked into.
    upgrade(revision="0006")
    now = "2026-01-01 00:00:00+00:00"
    bodies = {
        1: ("La fiesta de D\u2019Angelo", "la fiesta de d\u2019angelo"),
        2: ("D\u00b4Angelo llama", "d angelo llama"),
        3: ("Te quiero \u2764\ufe0f", "te quiero \u2764\ufe0f"),
        4: ("\U0001d4db\U0001d4fe\U0001d4ec\U0001d4f2\U0001d4ea \u2014 ya", "LUCIA \u2014 ya"),
        5: ("nada que cambiar", "nada que cambiar, tampoco un archivo.pdf"),
    }
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO whatsapp_conversaciones (id, coordinacion_chosen, phone_number, phone_key, profile_name, "
                "given_name, search_text, last_message_at, unread_count, opted_out, own_opted_out, seen_sid, change, "
                "created_at) VALUES (1, false, '+5491155550101', '541155550101', :name, '', :search, :now, 0, false, "
                "false, '', 0, :now)"
            ),
            {"name": "Lu\u200dcía D\u00b4Elía", "search": "lu\u200dcia d elia +5491155550101", "now": now},
        )
        for row_id, (body, search) in bodies.items():
            connection.execute(
                text(
                    "INSERT INTO whatsapp_mensajes (id, conversation_id, direction, type, body, search_text, "
                    "from_number, to_number, status, error_message, request_digest, payload, price_unit, category, "
                    "sent_at, change, created_at) VALUES (:id, 1, 'inbound', 'text', :body, :search, '', '', "
                    "'received', '', '', '{}', '', '', :now, 7, :now)"
                ),
                {"id": row_id, "body": body, "search": search, "now": now},
            )
        connection.execute(
            text(
                "INSERT INTO coordinaciones (id, title, client_name, phone, phone_key, event_kind, place, state, "
                "notes, search_text, created_at, updated_at) VALUES (1, 'Boda', 'Lucía', NULL, NULL, 'other', "
                "'Quinta \u201cLos Aromos\u201d', 'quote', 'Vals: Danubio', 'boda lucia', :now, :now)"
            ),
            {"now": now},
        )

    upgrade()

    messages = "SELECT search_text FROM whatsapp_mensajes ORDER BY id"
    assert list(db.session.scalars(text(messages))) == [
        "la fiesta de d'angelo",
        "d angelo llama d'angelo llama",
        "te quiero \u2764",
        "lucia - ya",
        bodies[5][1],
    ]
    names = db.session.scalar(text("SELECT search_text FROM whatsapp_conversaciones"))
    assert names == "lucia d elia +5491155550101 lucia d'elia"
    event = db.session.scalar(text("SELECT search_text FROM coordinaciones"))
    assert event == 'boda lucia quinta "los aromos" vals: danubio'
    assert db.session.scalars(text("SELECT DISTINCT change FROM whatsapp_mensajes")).all() == [7]


def test_taking_the_doubt_back_keeps_what_was_known_of_the_former_owner(empty_app: Flask) -> None:
    upgrade(revision="0010")
    former = {"given_name": "", "profile_name": "lu", "coordinacion_id": None, "coordinacion_chosen": False}
    conversations = Table("whatsapp_conversaciones", MetaData(), autoload_with=db.engine)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    defaults = {
        "given_name": "",
        "search_text": "",
        "last_message_at": now,
        "unread_count": 0,
        "opted_out": False,
        "own_opted_out": False,
        "seen_sid": "",
        "change": 0,
        "created_at": now,
    }
    with db.engine.begin() as connection:
        connection.execute(
            conversations.insert(),
            [
                {
                    **defaults,
                    "id": 1,
                    "phone_number": "+5491155550101",
                    "phone_key": "541155550101",
                    "profile_name": "",
                    "coordinacion_chosen": True,
                    "former": former,
                },
                {
                    **defaults,
                    "id": 2,
                    "phone_number": "+5491155550102",
                    "phone_key": "541155550102",
                    "profile_name": "Tomás",
                    "coordinacion_chosen": False,
                    "former": null(),
                },
            ],
        )

    downgrade(revision="0008")

    names = db.session.execute(
        text("SELECT profile_name, coordinacion_chosen FROM whatsapp_conversaciones ORDER BY id")
    )
    assert [(name, bool(chosen)) for name, chosen in names] == [("lu", False), ("Tomás", False)]


BEFORE_0011 = "2026-11-30 21:00:00.250000+00:00"
POCKET_OF_NOTICES = {
    "change": 41,
    "trouble": {"code": 63051, "since": "2026-11-30T20:00:00+00:00", "at": "2026-11-30T20:30:00.500000+00:00"},
    "told": {
        "21608": {"by": "Ana", "at": "2026-11-30T20:40:00+00:00", "conversation_id": 1, "sentence": "¿Por qué?"},
        "63001": {"by": "Bruno", "at": "2026-11-30T20:50:00+00:00", "conversation_id": 99, "sentence": "De nadie"},
    },
}
PAYLOADS = {
    1: {"SmsStatus": "received", "CoordinaOptOut": "STOP"},
    2: {"CoordinaOptOut": "START", "CoordinaOtherUserId": "1"},
    3: {"ReferralHeadline": "Qué es CoordinaOptOut"},
    4: {},
}


def fill_pockets() -> None:
    """Store what the version before 0011 kept in payloads and heartbeats."""
    insert_message = text(
        "INSERT INTO whatsapp_mensajes (id, conversation_id, direction, type, body, search_text, from_number, "
        "to_number, status, error_message, request_digest, payload, price_unit, category, sent_at, change, created_at) "
        "VALUES (:id, 1, 'inbound', 'text', '', '', '', '', 'received', '', '', :payload, '', '', :now, 7, :now)"
    )
    insert_file = text(
        "INSERT INTO archivos (id, content_type, filename, size, sha256, store, storage_key, finished_at, created_at) "
        "VALUES (:id, '', '', 1, :sha256, 'database', '', :finished_at, :now)"
    )
    beats = {
        "cron": {},
        "webhook_refused": {"reason": "wrong signature"},
        "whatsapp_notices": POCKET_OF_NOTICES,
        "whatsapp.prices": {"after": 3},
        "typing:1": {},
        "typing:98": {},
    }
    files = {1: ("a" * 32, None), 2: ("b" * 64, None), 3: ("c" * 64, BEFORE_0011)}
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO whatsapp_conversaciones (id, coordinacion_chosen, phone_number, phone_key, profile_name, "
                "given_name, search_text, last_message_at, unread_count, opted_out, own_opted_out, seen_sid, change, "
                "created_at) VALUES (1, false, '+5491155550101', '541155550101', '', '', '', :now, 0, true, false, '', "
                "0, :now)"
            ),
            {"now": BEFORE_0011},
        )
        for row_id, payload in PAYLOADS.items():
            connection.execute(insert_message, {"id": row_id, "payload": json.dumps(payload), "now": BEFORE_0011})
        for file_id, (sha256, finished_at) in files.items():
            values = {"id": file_id, "sha256": sha256, "finished_at": finished_at, "now": BEFORE_0011}
            connection.execute(insert_file, values)
        for name, detail in beats.items():
            values = {"name": name, "detail": json.dumps(detail), "now": BEFORE_0011}
            connection.execute(text("INSERT INTO latidos (name, at, detail) VALUES (:name, :now, :detail)"), values)


def heartbeats() -> dict[str, object]:
    db.session.rollback()
    return {beat.name: beat.detail for beat in db.session.scalars(select(Heartbeat))}


def test_pockets_become_columns_and_tables(empty_app: Flask) -> None:
    upgrade(revision="0010")
    fill_pockets()

    upgrade(revision="0011")

    with db.engine.connect() as connection:
        marks = connection.execute(
            select(Message.id, Message.opt_out_choice, Message.began_doubt, Message.payload).order_by(Message.id)
        ).all()
        files = connection.execute(text("SELECT id, sha256, parts_put FROM archivos ORDER BY id")).all()
    assert [tuple(row) for row in marks] == [
        (1, "STOP", False, {"SmsStatus": "received"}),
        (2, "START", True, {}),
        (3, "", False, PAYLOADS[3]),
        (4, "", False, {}),
    ]
    assert [tuple(row) for row in files] == [(1, "", 0), (2, "b" * 64, 0), (3, "c" * 64, 0)]
    notices = find_notices()
    assert notices.trouble is not None
    assert (notices.trouble.code, notices.trouble.last_at.isoformat()) == (63051, "2026-11-30T20:30:00.500000+00:00")
    assert [(report.code, report.reported_by, report.sentence) for report in notices.reports] == [
        (21608, "Ana", "¿Por qué?")
    ]
    assert db.session.scalars(select(ChangeCounter.notices_change)).one() == 41
    turns = db.session.scalars(select(TypingTurn)).all()
    assert [(turn.conversation_id, turn.taken_at) for turn in turns] == [(1, datetime.fromisoformat(BEFORE_0011))]
    assert find_last_asked() == 3
    assert set(heartbeats()) == {"cron", "webhook_refused"}


def test_columns_and_tables_become_pockets_again(empty_app: Flask) -> None:
    upgrade(revision="0010")
    fill_pockets()
    upgrade(revision="0011")

    downgrade(revision="0010")

    with db.engine.connect() as connection:
        asked = select(Message.id, Message.payload).order_by(Message.id)
        assert {row.id: row.payload for row in connection.execute(asked)} == PAYLOADS
    told = {"21608": POCKET_OF_NOTICES["told"]["21608"]}  # type: ignore[index]
    assert heartbeats() == {
        "cron": {},
        "webhook_refused": {"reason": "wrong signature"},
        "whatsapp_notices": POCKET_OF_NOTICES | {"told": told},
        "whatsapp.prices": {"after": 3},
        "typing:1": {},
    }
    at = db.session.scalars(select(Heartbeat.at).where(Heartbeat.name == "typing:1")).one()
    assert at == datetime.fromisoformat(BEFORE_0011)


def test_the_version_before_0011_stores_messages_and_files_after_it(empty_app: Flask) -> None:
    upgrade(revision="0011")

    fill_pockets()

    with db.engine.connect() as connection:
        found = connection.execute(select(Message.opt_out_choice, Message.began_doubt).distinct()).all()
    assert [tuple(row) for row in found] == [("", False)]

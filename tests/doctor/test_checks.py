"""What the lines say of facts that no test can bring about: disks over a network, proxies, a refusal by Twilio."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale

from app.doctor.checks import Check, State, since, span
from app.doctor.checks.account import check_refused
from app.doctor.checks.house import Database, check_database, check_disk, check_proxies
from app.doctor.checks.sending import check_sending
from app.doctor.checks.webhooks import check_unknown_reception, is_public
from app.doctor.queries import find_filesystem
from app.schema import REVISION

MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
tmpfs /dev/shm tmpfs rw 0 0
nas:/export /srv nfs4 rw,vers=4.2 0 0
/dev/sdb1 /srv/local ext4 rw 0 0
//nas/office /mnt/la\\040oficina cifs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/coordina.db", "ext4"),
        ("/srv/coordina/coordina.db", "nfs4"),
        ("/srv/local/coordina.db", "ext4"),
        ("/srvother/coordina.db", "ext4"),
        ("/mnt/la oficina/coordina.db", "cifs"),
    ],
)
def test_the_disk_of_a_file_is_the_nearest_mount(tmp_path: Path, path: str, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)

    assert find_filesystem(Path(path), mounts) == kind


def test_where_nobody_tells_the_disks_nothing_is_said(tmp_path: Path) -> None:
    assert find_filesystem(tmp_path / "x.db", tmp_path / "no such table") == ""


def disk(**facts: object) -> Check:
    found = check_disk(Database("sqlite", "/srv/coordina.db", revision=REVISION, **facts))  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"])
def test_sqlite_on_a_network_disk_is_bad_and_says_what_to_use(app: Flask, kind: str) -> None:
    line = disk(filesystem=kind)

    assert line.state is State.BAD
    assert kind in str(line.seen)
    assert "PostgreSQL" in str(line.fix)


@pytest.mark.parametrize("kind", ["", "ext4", "overlay", "tmpfs", "btrfs", "apfs"])
def test_sqlite_on_a_disk_of_its_own_is_fine(app: Flask, kind: str) -> None:
    assert disk(filesystem=kind).state is State.OK


def test_a_database_that_only_reads_says_so_in_the_words_of_its_kind(app: Flask) -> None:
    replica = check_disk(Database("postgresql", "db/coordina", revision=REVISION, read_only=True))

    assert replica is not None
    assert (replica.state, disk(read_only=True).state) == (State.BAD, State.BAD)
    assert str(replica.fix) != str(disk(read_only=True).fix)


@pytest.mark.parametrize(
    ("trusted", "forwarded", "state", "fix"),
    [
        (0, False, State.OK, ""),
        (1, True, State.OK, ""),
        (0, True, State.BAD, "TRUSTED_PROXIES=1"),
        (1, False, State.BAD, "TRUSTED_PROXIES=0"),
    ],
)
def test_proxies_are_trusted_where_there_are_some(
    app: Flask, trusted: int, forwarded: bool, state: State, fix: str
) -> None:
    line = check_proxies(trusted=trusted, forwarded=forwarded)

    assert line.state is state
    assert fix in str(line.fix)


@pytest.mark.parametrize(
    ("code", "status", "fix"),
    [
        (20003, 401, "Twilio"),
        (20404, 404, "TWILIO_ACCOUNT_SID"),
        (20429, 429, "https://www.twilio.com/docs/errors/20429"),
    ],
)
def test_each_refusal_of_twilio_names_its_code(app: Flask, code: int, status: int, fix: str) -> None:
    line = check_refused(code, status)

    assert line.state is State.BAD
    assert str(code) in str(line.seen)
    assert fix in str(line.fix)


@pytest.mark.parametrize("code", [20403, None])
def test_what_twilio_does_not_tell_is_for_people_to_look_up(app: Flask, code: int | None) -> None:
    line = check_unknown_reception(code)

    assert line.state is State.WARN
    assert "WhatsApp senders" in str(line.fix)
    assert str(code or "") in str(line.seen)


@pytest.mark.parametrize("host", ["coordina.example", "8.8.8.8", "2606:4700::1111", "oficina.com.ar"])
def test_hosts_that_others_may_reach(host: str) -> None:
    assert is_public(host)


@pytest.mark.parametrize(
    "host",
    ["localhost", "", "127.0.0.1", "10.1.2.3", "172.16.0.1", "::1", "fe80::1", "0.0.0.0", "nas.lan", "a.localhost"],
)
def test_hosts_that_nobody_else_may_reach(host: str) -> None:
    assert not is_public(host)


def test_a_line_is_put_into_words_in_the_language_of_whoever_reads(app: Flask) -> None:
    now = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    ago, long = since(now - timedelta(minutes=3), now), span(timedelta(minutes=12))

    assert (str(ago), str(long)) == ("hace 3 minutos", "12 minutos")
    with force_locale("en"):
        assert (str(ago), str(long)) == ("3 minutes ago", "12 minutes")


def test_nothing_is_said_of_the_disk_of_a_database_that_does_not_answer(app: Flask) -> None:
    silent = Database("sqlite", "/srv/coordina.db", trouble="unable to open database file")

    assert check_disk(silent) is None
    assert "unable to open database file" in str(check_database(silent).seen)


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        (20003, "TWILIO_AUTH_TOKEN"),
        (20005, "reactivar"),
        (63020, "invitación de Meta"),
        (63051, "bloqueo"),
        (63007, "TWILIO_WHATSAPP_NUMBER"),
        (21606, "TWILIO_WHATSAPP_NUMBER"),
    ],
)
def test_an_account_that_sends_nothing_is_bad_and_says_what_to_mend(app: Flask, code: int, fix: str) -> None:
    now = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

    line = check_sending(code, now - timedelta(hours=3), now)

    assert (line.state, str(line.seen)) == (State.BAD, f"No sale ningún mensaje: error {code}, hace 3 horas.")
    assert fix in str(line.fix)
    assert f"https://www.twilio.com/docs/api/errors/{code}" in str(line.fix)


def test_an_account_that_sends_is_fine(app: Flask) -> None:
    assert check_sending(None, None, datetime(2026, 11, 25, tzinfo=UTC)).state is State.OK

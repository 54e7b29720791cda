"""Settings: read once, typed, and refused at start with a sentence that names them."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from datetime import time, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

import config
from config import Config, TestConfig, engine_options, parse_database_url
from environment import ConfigError

ROOT = Path(config.__file__).parent
KEY = "k" * 48
SID = "0123456789abcdef0123456789abcdef"
NEON = "postgresql://me:pw@ep-x-pooler.aws.neon.tech/neondb?sslmode=require&channel_binding=require"
ON_VERCEL = {
    "VERCEL": "1",
    "DATABASE_URL": NEON,
    "TWILIO_ACCOUNT_SID": "AC" + SID,
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_WEBHOOK_URL": "https://coordina.example/api/whatsapp/webhook",
    "CRON_SECRET": "c" * 16,
}


def read(**env: str) -> Config:
    return Config.from_environment({"SECRET_KEY": KEY} | env)


def names_read() -> set[str]:
    """Return every name that Coordina, gunicorn, compose and Vercel's build ask the environment for."""
    names = set()
    for path in ("config.py", "environment.py"):
        constants = [node.value for node in ast.walk(parse(path)) if isinstance(node, ast.Constant)]
        names |= {it for it in constants if isinstance(it, str) and re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", it)}
    for path in ("gunicorn.conf.py", "ci/vercel/on_build.py"):
        names |= set(defaults_typed(path))
    return names | set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))


def parse(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def defaults_typed(path: str) -> dict[str, ast.expr]:
    """Return what a file reads by `flag` or `number`, each with the default that stands there."""
    found = {}
    for node in ast.walk(parse(path)):
        match node:
            case ast.Call(func=ast.Name(id="flag" | "number"), args=[_, ast.Constant(value=str(name)), default]):
                found[name] = default
    return found


class Explained(NamedTuple):
    """A setting in .env.example: the words above it, and the value behind its `=`."""

    words: str
    value: str


def example() -> dict[str, Explained]:
    """Return what .env.example holds, each name with the comment of its paragraph."""
    found = {}
    for paragraph in re.split(r"\n{2,}", (ROOT / ".env.example").read_text()):
        lines = [(line, re.fullmatch(r"(?:# )?([A-Z][A-Z0-9_]+)=(.*)", line)) for line in paragraph.splitlines()]
        words = " ".join(line.removeprefix("# ") for line, setting in lines if setting is None)
        for name, value in (setting.groups() for _line, setting in lines if setting is not None):
            assert name not in found, f"{name} is explained twice"
            found[name] = Explained(words, value)
    return found


def test_a_secret_key_is_enough_to_begin() -> None:
    settings = read()

    assert settings.SECRET_KEY == KEY
    assert settings.SQLALCHEMY_DATABASE_URI.startswith("sqlite:////")
    assert settings.SQLALCHEMY_DATABASE_URI.endswith("/instance/coordina.db")
    assert (settings.APP_TIMEZONE, settings.APP_LANGUAGE, settings.DEFAULT_REGION) == (
        "America/Argentina/Buenos_Aires",
        "es_AR",
        "AR",
    )
    assert (settings.TRUSTED_PROXIES, settings.RATELIMIT_ENABLED, settings.TESTING) == (0, True, False)
    assert timedelta(minutes=15) == settings.JWT_ACCESS_TOKEN_EXPIRES
    assert timedelta(days=30) == settings.JWT_REFRESH_TOKEN_EXPIRES
    assert settings.MAX_CONTENT_LENGTH == 4 * 1024 * 1024


@pytest.mark.parametrize("value", [None, "", "   "])
def test_without_a_secret_key_one_sentence_says_how_to_make_one(value: str | None) -> None:
    env = {} if value is None else {"SECRET_KEY": value}

    with pytest.raises(ConfigError) as refusal:
        Config.from_environment(env)

    assert str(refusal.value).startswith("SECRET_KEY is not set: make one with `python -c ")
    assert "\n" not in str(refusal.value)


def test_a_key_that_is_too_short_to_sign_with_is_refused() -> None:
    with pytest.raises(ConfigError, match="SECRET_KEY is too short"):
        Config.from_environment({"SECRET_KEY": "changeme"})


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("postgres://me:pw@db/coordina", "postgresql+psycopg://me:pw@db/coordina"),
        ("postgresql://me@db:5433/c?sslmode=require", "postgresql+psycopg://me@db:5433/c?sslmode=require"),
        ("postgresql+psycopg://me@db/c", "postgresql+psycopg://me@db/c"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_hosts_may_write_the_database_their_way(url: str, used: str) -> None:
    settings = read(DATABASE_URL=f" {url} ")

    assert used == settings.SQLALCHEMY_DATABASE_URI
    assert engine_options(used) == settings.SQLALCHEMY_ENGINE_OPTIONS


def test_only_what_a_database_needs_reaches_its_pool() -> None:
    assert "prepare_threshold" not in engine_options("sqlite:///x.db")["connect_args"]
    assert engine_options(parse_database_url("postgres://db/x"))["connect_args"]["prepare_threshold"] is None
    assert engine_options(parse_database_url("postgres://db/x"))["pool_pre_ping"] is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://db/x"),
        ("DATABASE_URL", "coordina.db"),
        ("TWILIO_ACCOUNT_SID", "SK" + SID),
        ("TWILIO_ACCOUNT_SID", SID),
        ("TWILIO_MESSAGING_SERVICE_SID", "AC" + SID),
        ("TWILIO_WHATSAPP_NUMBER", "4155238886"),
        ("TWILIO_WHATSAPP_NUMBER", "whatsapp:+"),
        ("TWILIO_WHATSAPP_NUMBER", "+1415CALLME"),
        ("TWILIO_WEBHOOK_URL", "coordina.example/api/whatsapp/webhook"),
        ("TWILIO_WEBHOOK_URL", "ftp://coordina.example/"),
        ("TWILIO_WEBHOOK_URL", "https:///api/whatsapp/webhook"),
        ("TWILIO_WEBHOOK_URL", "https://[coordina"),
        ("TWILIO_API_BASE_URL", "localhost:5005"),
        ("REDIS_URL", "redis.example:6379"),
        ("REDIS_URL", "memcached://x"),
        ("APP_TIMEZONE", "Buenos Aires"),
        ("APP_TIMEZONE", "../../etc/passwd"),
        ("DAY_ENDS_AT", "6"),
        ("DAY_ENDS_AT", "6:60"),
        ("DAY_ENDS_AT", "12:01"),
        ("DAY_ENDS_AT", "24:00"),
        ("DAY_ENDS_AT", "-1:00"),
        ("DAY_ENDS_AT", "\u0666:00"),
        ("APP_LANGUAGE", "es"),
        ("APP_LANGUAGE", "pt_BR"),
        ("DEFAULT_REGION", "Argentina"),
        ("DEFAULT_REGION", "+5"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "one"),
        ("TRUSTED_PROXIES", "²"),
        ("RATELIMIT_ENABLED", "maybe"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("LOG_REQUESTS", "sometimes"),
        ("SENTRY_DSN", "https://sentry.example/1"),
        ("METRICS_TOKEN", "short"),
        ("METRICS_TOKEN", "with spaces between the words"),
        ("CRON_SECRET", "too-short"),
        ("VAPID_PRIVATE_KEY", "too-short"),
        ("VAPID_PRIVATE_KEY", "A" * 43),
        ("VAPID_PRIVATE_KEY", "_" * 43),
        ("VAPID_SUBJECT", "somebody@example.com"),
        ("PUSH_SERVICES", "http://10.0.0.7:8000"),
        ("PUSH_SERVICES", "https://fcm.googleapis.com"),
        ("UNANSWERED_MINUTES", "half an hour"),
        ("SMTP_URL", "smtp.example.com"),
        ("MAIL_FROM", "Coordina <coordina@example.com>"),
        ("CRON_SECRET", "with spaces in it, and long"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_in_one_sentence(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        read(**{name: value})

    assert str(refusal.value).startswith(name)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://ana:hunter2@hunter2@db/x"),
        ("DATABASE_URL", "postgresql://ana:hunter2/hunter2@db/x"),
        ("DATABASE_URL", "postgresql://ana:hunter2#hunter2@db/x"),
        ("DATABASE_URL", "postgresql://ana:hunter2@db:hunter2/x"),
        ("DATABASE_URL", "mysql://ana:hunter2@db/x"),
        ("REDIS_URL", "redis://:hunter2#hunter2@redis.example:6379"),
        ("REDIS_URL", "redis://:hunter2/hunter2@redis.example:6379"),
        ("REDIS_URL", "http://:hunter2@redis.example"),
        ("SMTP_URL", "smtp://ana:hunter2/hunter2@smtp.example.com"),
        ("SMTP_URL", "smtp://ana:hunter2@smtp.example.com:hunter2"),
        ("TWILIO_WEBHOOK_URL", "ana:hunter2@coordina.example"),
        ("MEDIA_S3_ENDPOINT", "s3://ana:hunter2@s3.example"),
        ("SENTRY_DSN", "https://hunter2@sentry.example"),
        ("APP_TIMEZONE", "postgresql://ana:hunter2@db/x"),
        ("LOG_LEVEL", "redis://:hunter2@redis.example"),
        ("TRUSTED_PROXIES", "https://ana:hunter2@coordina.example"),
    ],
)
def test_no_part_of_a_password_is_said_when_a_setting_is_refused(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        read(**{"MAIL_FROM": "a@example.com", name: value})

    assert str(refusal.value).startswith(name)
    assert "hunter2" not in str(refusal.value)


def test_an_address_with_an_encoded_password_is_taken_as_it_is() -> None:
    url = "postgresql://ana:p%40ss%2Fw@db:5432/x?sslmode=require&application_name=a@b"

    settings = read(DATABASE_URL=url, REDIS_URL="rediss://default:p%23@redis.example:6379/1")

    assert parse_database_url(url) == settings.SQLALCHEMY_DATABASE_URI


@pytest.mark.parametrize(
    ("name", "value", "missing"),
    [
        ("VAPID_PRIVATE_KEY", "k" * 43, "VAPID_SUBJECT"),
        ("SMTP_URL", "smtp://smtp.example.com", "MAIL_FROM"),
        ("MEDIA_S3_BUCKET", "media", "MEDIA_S3_ACCESS_KEY_ID"),
    ],
)
def test_what_is_of_no_use_alone_asks_for_the_other(name: str, value: str, missing: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        read(**{name: value})

    assert str(refusal.value).startswith(f"{missing} is not set")


def test_values_are_typed_and_tidied() -> None:
    settings = read(
        TWILIO_ACCOUNT_SID=f" AC{SID} ",
        TWILIO_AUTH_TOKEN=" token\n",
        TWILIO_WHATSAPP_NUMBER="whatsapp:+1 (415) 523-8886",
        TWILIO_WEBHOOK_URL="https://coordina.example/api/whatsapp/webhook#rc=3",
        TWILIO_MESSAGING_SERVICE_SID="MG" + SID,
        TWILIO_API_BASE_URL="http://127.0.0.1:5005/",
        APP_TIMEZONE="America/Montevideo",
        APP_LANGUAGE="en",
        DEFAULT_REGION="uy",
        TRUSTED_PROXIES="2",
        RATELIMIT_ENABLED="off",
    )

    assert settings.TWILIO_ACCOUNT_SID == "AC" + SID
    assert settings.TWILIO_AUTH_TOKEN == "token"
    assert settings.TWILIO_WHATSAPP_NUMBER == "+14155238886"
    assert settings.TWILIO_WEBHOOK_URL == "https://coordina.example/api/whatsapp/webhook#rc=3"
    assert settings.TWILIO_MESSAGING_SERVICE_SID == "MG" + SID
    assert settings.TWILIO_API_BASE_URL == "http://127.0.0.1:5005"
    assert (settings.APP_TIMEZONE, settings.APP_LANGUAGE) == ("America/Montevideo", "en")
    assert settings.DEFAULT_REGION == "UY"
    assert settings.TRUSTED_PROXIES == 2
    assert settings.RATELIMIT_ENABLED is False


@pytest.mark.parametrize(
    ("value", "on"), [("", True), ("1", True), ("true", True), ("YES", True), ("on", True), ("0", False), ("No", False)]
)
def test_a_switch_is_on_or_off(value: str, on: bool) -> None:
    assert read(RATELIMIT_ENABLED=value).RATELIMIT_ENABLED is on


def test_limits_are_counted_in_redis_when_there_is_one() -> None:
    shared, alone = read(REDIS_URL="rediss://me:pw@cache:6380/1"), read(REDIS_URL=" ")

    assert shared.RATELIMIT_STORAGE_URI == "patient-rediss://me:pw@cache:6380/1"
    assert alone.RATELIMIT_STORAGE_URI == "memory://"


def test_on_vercel_its_own_proxy_is_trusted() -> None:
    assert read(**ON_VERCEL).TRUSTED_PROXIES == 1
    assert read(**ON_VERCEL, TRUSTED_PROXIES="0").TRUSTED_PROXIES == 0


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", *(name for name in ON_VERCEL if name not in ("VERCEL", "DATABASE_URL"))]
)
@pytest.mark.parametrize("value", ["", "  "])
def test_vercel_is_refused_what_a_laptop_can_do_without(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        read(**ON_VERCEL | {name: value})

    assert re.match(rf"{name} is not set: .+\.$", str(refusal.value))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("url", ["", " ", "sqlite:////tmp/coordina.db"])
def test_vercel_is_refused_a_database_in_a_file(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^DATABASE_URL must be PostgreSQL on Vercel, .+Neon.+\.$"):
        read(**ON_VERCEL | {"DATABASE_URL": url})


def test_neons_own_variables_are_enough() -> None:
    older = ON_VERCEL | {"DATABASE_URL": "", "POSTGRES_URL": "postgres://me:pw@db.example/x?sslmode=require"}

    def used(**env: str) -> str:
        return read(**env).SQLALCHEMY_DATABASE_URI

    assert used(**ON_VERCEL) == NEON.replace("postgresql:", "postgresql+psycopg:")
    assert used(**ON_VERCEL, POSTGRES_URL="postgres://other/x") == used(**ON_VERCEL)
    assert used(**older) == "postgresql+psycopg://me:pw@db.example/x?sslmode=require"
    assert used(POSTGRES_URL="postgres://me@other/x").startswith("sqlite:")


def test_only_vercels_own_server_is_taken_to_leave_paths_encoded() -> None:
    assert read(**ON_VERCEL, __VC_HANDLER_MODULE_NAME="wsgi").PATHS_ARRIVE_ENCODED
    assert not read(**ON_VERCEL).PATHS_ARRIVE_ENCODED  # `vercel dev` and the build, which serve as others do.


def test_the_log_is_for_machines_where_no_terminal_is() -> None:
    settings = read()  # pytest holds the terminal back.

    assert (settings.LOG_FORMAT, settings.LOG_LEVEL, settings.LOG_REQUESTS) == ("json", "INFO", False)
    assert read(LOG_FORMAT="TEXT", LOG_LEVEL="debug").LOG_FORMAT == "text"
    assert read(LOG_LEVEL="debug").LOG_LEVEL == "DEBUG"


def test_whoever_watches_is_let_in_by_a_setting_and_on_vercel_by_none() -> None:
    dsn, token = "https://0123456789abcdef@o1.ingest.example/42", "0123456789abcdef"

    settings = read(SENTRY_DSN=dsn, METRICS_TOKEN=token)

    assert (dsn, token, False) == (settings.SENTRY_DSN, settings.METRICS_TOKEN, settings.VERCEL)
    assert (read().SENTRY_DSN, read().METRICS_TOKEN) == ("", "")
    assert (read(**ON_VERCEL, METRICS_TOKEN=token).METRICS_TOKEN, read(**ON_VERCEL).VERCEL) == ("", True)


def test_tests_have_cheap_settings_and_no_limits() -> None:
    settings = TestConfig()

    assert settings.TESTING
    assert not settings.RATELIMIT_ENABLED
    assert settings.PASSWORD_MEMORY_KIB < Config(SECRET_KEY=KEY).PASSWORD_MEMORY_KIB


def test_every_setting_is_explained_in_the_example_and_nothing_else() -> None:
    assert names_read() ^ set(example()) == set()


def written(default: object) -> str:
    """Return a default as it stands in an environment."""
    if isinstance(default, bool):
        return str(int(default))
    if isinstance(default, time):
        return f"{default.hour}:{default.minute:02}"
    return " ".join(default) if isinstance(default, tuple) else str(default)


# Their default is made from what else there is, or is another setting's.
MADE = {"SECRET_KEY", "DATABASE_URL", "LOG_FORMAT", "REDIS_URL", "POSTGRES_URL", "PORT", "POSTGRES_PASSWORD"}


def elsewhere() -> dict[str, object]:
    """Return the defaults of what the app itself does not read."""
    port = re.search(r"\$\{PUBLISHED_PORT:-(\w+)\}", (ROOT / "compose.yaml").read_text())
    assert port is not None
    served = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in parse("gunicorn.conf.py").body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    own = ast.literal_eval(defaults_typed("ci/vercel/on_build.py")["PREVIEW_HAS_OWN_DATABASE"])
    return {"PUBLISHED_PORT": port[1], "WEB_CONCURRENCY": served["_PROCESSES"], "PREVIEW_HAS_OWN_DATABASE": own}


@pytest.mark.parametrize("name", sorted(names_read() - MADE))
def test_the_example_shows_the_default(name: str) -> None:
    defaults = {field.name: field.default for field in fields(Config)} | elsewhere()
    default, explained = written(defaults[name]), example()[name]

    if default:
        assert explained.value == default
        assert "Default:" not in explained.words, "it stands behind the name already"
    else:
        assert "Default: nothing" in explained.words


def test_the_database_of_the_example_is_the_one_that_is_used_without_a_setting() -> None:
    path = re.search(r"Default: SQLite in (\S+)\.( |$)", example()["DATABASE_URL"].words)

    assert path is not None
    assert str(ROOT / path[1]) == Config.SQLALCHEMY_DATABASE_URI.removeprefix("sqlite:///")


def test_what_is_not_set_is_as_the_class_says() -> None:
    settings, names = read(), names_read() - MADE

    named = [field for field in fields(Config) if field.name in names]

    assert [field.name for field in named if getattr(settings, field.name) != field.default] == []
    assert settings.RATELIMIT_STORAGE_URI == Config.RATELIMIT_STORAGE_URI

"""Every setting of Coordina: read from the environment once, at start, and typed here.

A `.env` file in the project's root is read first when there is one; what the environment says wins over it.
The defaults stand in `Config` and nowhere else. `.env.example` lists every name with a sentence of explanation and
shows its default, and a test compares the two.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from environment import (
    ConfigError,
    end_of_day,
    flag,
    mail_settings,
    matching,
    number,
    one_of,
    push_settings,
    require,
    server_address,
    timezone_name,
    whatsapp_number,
    whole_url,
)

ROOT = Path(__file__).resolve().parent
LANGUAGES = ("es_AR", "en")
_SECRET_SHAPE = (r"\S{16,}", "16 characters or more, without spaces")

_CONSOLE = "copy it from the first page of Twilio's console"
# What a laptop can do without. On Vercel an office would wait for messages that are all refused, and nobody would know.
_NEEDED_ON_VERCEL = {
    "TWILIO_ACCOUNT_SID": _CONSOLE,
    "TWILIO_AUTH_TOKEN": _CONSOLE,
    "TWILIO_WEBHOOK_URL": "it is https://YOUR-DOMAIN/api/whatsapp/webhook",
    "CRON_SECRET": 'make one with `python -c "import secrets; print(secrets.token_urlsafe(24))"`',
}


def read_environment() -> dict[str, str]:
    """Return the process's environment over the `.env` file, when there is one."""
    path = ROOT / ".env"
    if not path.exists():
        return dict(os.environ)
    from dotenv import dotenv_values

    return {key: value for key, value in dotenv_values(path).items() if value is not None} | dict(os.environ)


def parse_database_url(url: str) -> str:
    """Return `url` with the driver that Coordina ships (psycopg 3), for hosts that write postgres:// or postgresql://."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    if url.startswith(("postgresql+psycopg://", "sqlite://")):
        return url
    raise ConfigError("DATABASE_URL must start with sqlite://, postgres:// or postgresql://.")


def engine_options(database_url: str) -> dict[str, Any]:
    """Return the pool's settings for `database_url`."""
    if database_url.startswith("sqlite"):
        return {"hide_parameters": True, "connect_args": {"timeout": 15}, "pool_size": 20, "max_overflow": 30}
    # Statements are not prepared on the server, so that a pooler in transaction mode (PgBouncer, Neon) works.
    return {
        "hide_parameters": True,  # An error's text goes to the log, and clients' words must not.
        "pool_size": 5,
        "max_overflow": 15,
        "pool_timeout": 10,
        "pool_pre_ping": True,
        "pool_recycle": 240,
        "pool_use_lifo": True,
        "connect_args": {"prepare_threshold": None, "connect_timeout": 5},
    }


def _monitoring_settings(env: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of logs, Sentry and metrics."""
    # A person reads a terminal; whatever gathers the lines of a server reads JSON.
    person = not env.get("VERCEL") and sys.stderr is not None and sys.stderr.isatty()
    token = matching(env, "METRICS_TOKEN", *_SECRET_SHAPE)
    dsn = (r"https?://[^@\s]+@\S+/\d+", "the DSN that Sentry shows, or nothing")
    return {
        "LOG_FORMAT": one_of(env, "LOG_FORMAT", ("json", "text"), "text" if person else "json"),
        "LOG_LEVEL": one_of(env, "LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), Config.LOG_LEVEL),
        "LOG_REQUESTS": flag(env, "LOG_REQUESTS", Config.LOG_REQUESTS),
        "SENTRY_DSN": matching(env, "SENTRY_DSN", *dsn),
        # Each scrape would wake a function, which has nobody to tell it how it is.
        "METRICS_TOKEN": "" if env.get("VERCEL") else token,
    }


def _twilio_settings(env: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of Twilio and of what is sent there."""
    account = (r"AC[0-9a-fA-F]{32}", "AC and 32 characters, as Twilio's console shows it")
    service = (r"MG[0-9a-fA-F]{32}", "MG and 32 characters, or nothing")
    return {
        "TWILIO_ACCOUNT_SID": matching(env, "TWILIO_ACCOUNT_SID", *account),
        "TWILIO_AUTH_TOKEN": env.get("TWILIO_AUTH_TOKEN", "").strip(),
        "TWILIO_WHATSAPP_NUMBER": whatsapp_number(env),
        "TWILIO_WEBHOOK_URL": whole_url(env, "TWILIO_WEBHOOK_URL"),
        "TWILIO_MESSAGING_SERVICE_SID": matching(env, "TWILIO_MESSAGING_SERVICE_SID", *service),
        "TWILIO_API_BASE_URL": whole_url(env, "TWILIO_API_BASE_URL").rstrip("/"),
        "WHATSAPP_TYPING_INDICATOR": flag(env, "WHATSAPP_TYPING_INDICATOR", Config.WHATSAPP_TYPING_INDICATOR),
    }


def _media_settings(env: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of the bucket that keeps files; without one, the database does."""
    names = ("MEDIA_S3_ACCESS_KEY_ID", "MEDIA_S3_SECRET_ACCESS_KEY")
    bucket = matching(env, "MEDIA_S3_BUCKET", r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket, or nothing")
    region = (r"[a-z0-9-]+", "a region, such as us-east-1")
    if bucket:
        for name in names:
            require(env, name, "the bucket of MEDIA_S3_BUCKET opens to nobody without it.")
    return {
        "MEDIA_S3_BUCKET": bucket,
        "MEDIA_S3_ENDPOINT": whole_url(env, "MEDIA_S3_ENDPOINT").rstrip("/"),
        "MEDIA_S3_REGION": matching(env, "MEDIA_S3_REGION", *region, Config.MEDIA_S3_REGION),
        **{name: env.get(name, "").strip() for name in names},
    }


def _database_url(env: Mapping[str, str], default: str) -> str:
    """Return the database's URL; Vercel's older integrations with PostgreSQL have another name for it."""
    url = env.get("DATABASE_URL", "").strip()
    if not url and env.get("VERCEL"):
        url = env.get("POSTGRES_URL", "").strip()
    url = parse_database_url(url or default)
    return url if url.startswith("sqlite") else server_address("DATABASE_URL", url)


def _check_vercel(env: Mapping[str, str], database_url: str) -> None:
    """Raise ConfigError when these settings would do on a laptop, and not on Vercel."""
    if database_url.startswith("sqlite"):
        raise ConfigError(
            "DATABASE_URL must be PostgreSQL on Vercel, where no file lasts: connect a database to the project "
            "(Storage, then Neon), and deploy again."
        )
    for name, fix in _NEEDED_ON_VERCEL.items():
        require(env, name, f"{fix}, set it in the project's Environment Variables, and deploy again.")


def _secret_key(env: Mapping[str, str]) -> str:
    recipe = 'make one with `python -c "import secrets; print(secrets.token_urlsafe(48))"`.'
    value = require(env, "SECRET_KEY", recipe)
    # RFC 7518, 3.2: a key for HS256 has at least 256 bits.
    if len(value.encode()) < 32:
        raise ConfigError(f"SECRET_KEY is too short: it needs 32 characters or more; {recipe}")
    return value


@dataclass(frozen=True, kw_only=True)
class Config:
    """What Flask and its extensions read; `from_environment` builds it, tests build it by hand."""

    SECRET_KEY: str
    SQLALCHEMY_DATABASE_URI: str = f"sqlite:///{ROOT / 'instance' / 'coordina.db'}"
    SQLALCHEMY_ENGINE_OPTIONS: dict[str, Any] = field(default_factory=dict)

    TWILIO_ACCOUNT_SID: str = ""
    TWILIO_AUTH_TOKEN: str = ""
    TWILIO_WHATSAPP_NUMBER: str = ""
    TWILIO_WEBHOOK_URL: str = ""
    TWILIO_MESSAGING_SERVICE_SID: str = ""
    TWILIO_API_BASE_URL: str = ""
    TWILIO_TIMEOUT: float = 10.0

    # Whether clients see that staff read and write to them, as far as Twilio's typing indicator tells them.
    WHATSAPP_TYPING_INDICATOR: bool = True

    # Where files are kept: in the database, or in a bucket that speaks S3's language.
    MEDIA_S3_BUCKET: str = ""
    MEDIA_S3_ENDPOINT: str = ""
    MEDIA_S3_REGION: str = "us-east-1"
    MEDIA_S3_ACCESS_KEY_ID: str = ""
    MEDIA_S3_SECRET_ACCESS_KEY: str = ""

    VAPID_PRIVATE_KEY: str = ""
    VAPID_SUBJECT: str = ""
    # Whom a browser's subscription may name: Chrome and Edge on Android, Firefox, Edge on Windows, Safari.
    PUSH_SERVICES: tuple[str, ...] = (
        "fcm.googleapis.com",
        ".push.services.mozilla.com",
        ".notify.windows.com",
        ".push.apple.com",
    )
    # After how long everybody is told again of a client who waits, in the week of the event; 0 tells nobody.
    UNANSWERED_MINUTES: int = 30
    SMTP_URL: str = ""
    MAIL_FROM: str = ""

    CRON_SECRET: str = ""
    SETUP_TOKEN: str = ""
    JOBS_IN_THREAD: bool = False

    VERCEL: bool = False
    LOG_FORMAT: str = ""  # Nothing leaves Python's logging as it is: who builds a Config by hand listens by itself.
    LOG_LEVEL: str = "INFO"
    LOG_REQUESTS: bool = False
    SENTRY_DSN: str = ""
    METRICS_TOKEN: str = ""

    APP_TIMEZONE: str = "America/Argentina/Buenos_Aires"
    # Until this hour of the night it is still the day before: a party belongs to the evening on which it began.
    DAY_ENDS_AT: time = time(6)
    APP_LANGUAGE: str = "es_AR"
    DEFAULT_REGION: str = "AR"
    TRUSTED_PROXIES: int = 0
    # Vercel's server leaves the path percent-encoded as it came; every other decodes it, as WSGI wants it.
    PATHS_ARRIVE_ENCODED: bool = False

    JWT_ALGORITHM: str = "HS256"
    JWT_TOKEN_LOCATION: tuple[str, ...] = ("headers", "cookies")
    JWT_ACCESS_COOKIE_NAME: str = "coordina_access"
    JWT_REFRESH_COOKIE_NAME: str = "coordina_refresh"
    JWT_CSRF_CHECK_FORM: bool = True
    JWT_ACCESS_TOKEN_EXPIRES: timedelta = timedelta(minutes=15)
    JWT_REFRESH_TOKEN_EXPIRES: timedelta = timedelta(days=30)
    # Two servers' clocks differ by some seconds: what one has just signed, the other may hold to be of the future.
    JWT_DECODE_LEEWAY: timedelta = timedelta(seconds=10)
    PASSWORD_TIME_COST: int = 3
    PASSWORD_MEMORY_KIB: int = 65536

    RATELIMIT_ENABLED: bool = True
    RATELIMIT_HEADERS_ENABLED: bool = True
    RATELIMIT_STORAGE_URI: str = "memory://"
    RATELIMIT_IN_MEMORY_FALLBACK_ENABLED: bool = True

    # Vercel refuses bodies over 4.5 MB; saying so ourselves gives a clear sentence instead of a bare 413.
    MAX_CONTENT_LENGTH: int = 4 * 1024 * 1024
    SEND_FILE_MAX_AGE_DEFAULT: int = 31536000
    TESTING: bool = False

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> Config:
        """Read every setting from `env` (the process's environment and `.env` when it is not given).

        Raises ConfigError, with one sentence that names the setting and its fix.
        """
        env = read_environment() if env is None else env
        database_url = _database_url(env, cls.SQLALCHEMY_DATABASE_URI)
        redis_url = matching(env, "REDIS_URL", r"rediss?://.+", "a URL that starts with redis:// or rediss://")
        server_address("REDIS_URL", redis_url)
        secret_key = _secret_key(env)
        country = (r"[A-Za-z]{2}", "two letters, such as AR")
        if env.get("VERCEL"):
            _check_vercel(env, database_url)
        return cls(
            SECRET_KEY=secret_key,
            SQLALCHEMY_DATABASE_URI=database_url,
            SQLALCHEMY_ENGINE_OPTIONS=engine_options(database_url),
            **_twilio_settings(env),
            JOBS_IN_THREAD=not env.get("VERCEL"),
            SETUP_TOKEN=matching(env, "SETUP_TOKEN", *_SECRET_SHAPE),
            CRON_SECRET=matching(env, "CRON_SECRET", *_SECRET_SHAPE),
            VERCEL=bool(env.get("VERCEL")),
            **_media_settings(env),
            **push_settings(env, cls.PUSH_SERVICES),
            **mail_settings(env, cls.UNANSWERED_MINUTES),
            **_monitoring_settings(env),
            APP_TIMEZONE=timezone_name(env, "APP_TIMEZONE", cls.APP_TIMEZONE),
            DAY_ENDS_AT=end_of_day(env, "DAY_ENDS_AT", cls.DAY_ENDS_AT),
            APP_LANGUAGE=one_of(env, "APP_LANGUAGE", LANGUAGES, cls.APP_LANGUAGE),
            DEFAULT_REGION=matching(env, "DEFAULT_REGION", *country, cls.DEFAULT_REGION).upper(),
            TRUSTED_PROXIES=number(env, "TRUSTED_PROXIES", 1 if env.get("VERCEL") else cls.TRUSTED_PROXIES),
            PATHS_ARRIVE_ENCODED="__VC_HANDLER_MODULE_NAME" in env,
            RATELIMIT_ENABLED=flag(env, "RATELIMIT_ENABLED", cls.RATELIMIT_ENABLED),
            # See app/limit_store.py.
            RATELIMIT_STORAGE_URI=f"patient-{redis_url}" if redis_url else cls.RATELIMIT_STORAGE_URI,
        )


@dataclass(frozen=True, kw_only=True)
class TestConfig(Config):
    """Settings of the tests: known secrets, cheap password hashes, no rate limits unless a test asks for them."""

    __test__ = False  # A name that begins with Test is otherwise collected by pytest.

    SECRET_KEY: str = "a test key that is long enough for HS256, and no secret"  # noqa: S105
    TWILIO_ACCOUNT_SID: str = "AC" + "0" * 32
    TWILIO_AUTH_TOKEN: str = "test-auth-token"  # noqa: S105
    TWILIO_WHATSAPP_NUMBER: str = "+14155550100"
    TWILIO_WEBHOOK_URL: str = "https://coordina.example/api/whatsapp/webhook"
    PASSWORD_TIME_COST: int = 1
    PASSWORD_MEMORY_KIB: int = 8
    RATELIMIT_ENABLED: bool = False
    TESTING: bool = True

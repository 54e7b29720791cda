"""Every setting of Coordina: read from the environment once, at start, and typed here.

A `.env` file in the project's root is read first when there is one; what the environment says wins over it.
`.env.example` lists every name with a sentence of explanation.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from click import ClickException

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


class ConfigError(ClickException):
    """A setting is missing or cannot be used; one sentence, which every `flask` command shows, names it and its fix."""


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


def _require(env: Mapping[str, str], name: str, fix: str) -> str:
    value = env.get(name, "").strip()
    if not value:
        raise ConfigError(f"{name} is not set: {fix}")
    return value


def _flag(env: Mapping[str, str], name: str, default: bool) -> bool:
    value = env.get(name, "").strip().lower()
    if value in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        return default if not value else value in ("1", "true", "yes", "on")
    raise ConfigError(f"{name} must be 1 or 0, not {value!r}.")


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    value = env.get(name, "").strip()
    if value and not (value.isascii() and value.isdigit()):
        raise ConfigError(f"{name} must be a whole number, not {value!r}.")
    return int(value) if value else default


def _timezone(env: Mapping[str, str]) -> str:
    name = env.get("APP_TIMEZONE", "").strip() or "America/Argentina/Buenos_Aires"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            f"APP_TIMEZONE {name!r} is not a known time zone, such as America/Argentina/Buenos_Aires."
        ) from None
    return name


def _url(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "").strip()
    try:
        parts = urlsplit(value)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # A bracket without its pair, for one.
        whole = False
    if value and not whole:
        raise ConfigError(f"{name} must be a whole URL that starts with https://.")
    return value


def _matching(env: Mapping[str, str], name: str, pattern: str, shape: str, default: str = "") -> str:
    """Return a setting that is absent or looks like `pattern`; one in the wrong place is found at start."""
    value = env.get(name, "").strip() or default
    if value and not re.fullmatch(pattern, value):
        raise ConfigError(f"{name} must be {shape}.")
    return value


def _one_of(env: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = env.get(name, "").strip() or default
    for one in allowed:
        if one.lower() == value.lower():
            return one
    raise ConfigError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")


def _watching(env: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that say what is told of how it is, and to whom."""
    # A person reads a terminal; whatever gathers the lines of a server reads JSON.
    person = not env.get("VERCEL") and sys.stderr is not None and sys.stderr.isatty()
    token = _matching(env, "METRICS_TOKEN", *_SECRET_SHAPE)
    dsn = (r"https?://[^@\s]+@\S+/\d+", "the DSN that Sentry shows, or nothing")
    return {
        "LOG_FORMAT": _one_of(env, "LOG_FORMAT", ("json", "text"), "text" if person else "json"),
        "LOG_LEVEL": _one_of(env, "LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
        "LOG_REQUESTS": _flag(env, "LOG_REQUESTS", False),
        "SENTRY_DSN": _matching(env, "SENTRY_DSN", *dsn),
        # Each scrape would wake a function, which has nobody to tell it how it is.
        "METRICS_TOKEN": "" if env.get("VERCEL") else token,
    }


def _database_url(env: Mapping[str, str], default: str) -> str:
    """Return the database's URL; Vercel's older integrations with PostgreSQL have another name for it."""
    url = env.get("DATABASE_URL", "").strip()
    if not url and env.get("VERCEL"):
        url = env.get("POSTGRES_URL", "").strip()
    return parse_database_url(url or default)


def _check_vercel(env: Mapping[str, str], database_url: str) -> None:
    """Raise ConfigError when these settings would do on a laptop, and not on Vercel."""
    if database_url.startswith("sqlite"):
        raise ConfigError(
            "DATABASE_URL must be PostgreSQL on Vercel, where no file lasts: connect a database to the project "
            "(Storage, then Neon), and deploy again."
        )
    for name, fix in _NEEDED_ON_VERCEL.items():
        _require(env, name, f"{fix}, set it in the project's Environment Variables, and deploy again.")


def _secret_key(env: Mapping[str, str]) -> str:
    recipe = 'make one with `python -c "import secrets; print(secrets.token_urlsafe(48))"`.'
    value = _require(env, "SECRET_KEY", recipe)
    # RFC 7518, 3.2: a key for HS256 has at least 256 bits.
    if len(value.encode()) < 32:
        raise ConfigError(f"SECRET_KEY is too short: it needs 32 characters or more; {recipe}")
    return value


def _whatsapp_number(env: Mapping[str, str]) -> str:
    name = "TWILIO_WHATSAPP_NUMBER"
    bare = {name: re.sub(r"[\s().-]", "", env.get(name, "")).removeprefix("whatsapp:")}
    return _matching(bare, name, r"\+[1-9]\d{6,14}", "a number with its country code, such as +14155238886")


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
        redis_url = _matching(env, "REDIS_URL", r"rediss?://.+", "a URL that starts with redis:// or rediss://")
        secret_key = _secret_key(env)
        if env.get("VERCEL"):
            _check_vercel(env, database_url)
        return cls(
            SECRET_KEY=secret_key,
            SQLALCHEMY_DATABASE_URI=database_url,
            SQLALCHEMY_ENGINE_OPTIONS=engine_options(database_url),
            TWILIO_ACCOUNT_SID=_matching(
                env, "TWILIO_ACCOUNT_SID", r"AC[0-9a-fA-F]{32}", "AC and 32 characters, as Twilio's console shows it"
            ),
            TWILIO_AUTH_TOKEN=env.get("TWILIO_AUTH_TOKEN", "").strip(),
            TWILIO_WHATSAPP_NUMBER=_whatsapp_number(env),
            TWILIO_WEBHOOK_URL=_url(env, "TWILIO_WEBHOOK_URL"),
            TWILIO_MESSAGING_SERVICE_SID=_matching(
                env, "TWILIO_MESSAGING_SERVICE_SID", r"MG[0-9a-fA-F]{32}", "MG and 32 characters, or nothing"
            ),
            TWILIO_API_BASE_URL=_url(env, "TWILIO_API_BASE_URL").rstrip("/"),
            JOBS_IN_THREAD=not env.get("VERCEL"),
            SETUP_TOKEN=_matching(env, "SETUP_TOKEN", *_SECRET_SHAPE),
            CRON_SECRET=_matching(env, "CRON_SECRET", *_SECRET_SHAPE),
            VERCEL=bool(env.get("VERCEL")),
            **_watching(env),
            APP_TIMEZONE=_timezone(env),
            APP_LANGUAGE=_one_of(env, "APP_LANGUAGE", LANGUAGES, "es_AR"),
            DEFAULT_REGION=_matching(
                env, "DEFAULT_REGION", r"[A-Za-z]{2}", "two letters, such as AR", default="AR"
            ).upper(),
            TRUSTED_PROXIES=_number(env, "TRUSTED_PROXIES", 1 if env.get("VERCEL") else 0),
            PATHS_ARRIVE_ENCODED="__VC_HANDLER_MODULE_NAME" in env,
            RATELIMIT_ENABLED=_flag(env, "RATELIMIT_ENABLED", True),
            RATELIMIT_STORAGE_URI=f"patient-{redis_url}" if redis_url else "memory://",  # See app/limit_store.py.
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

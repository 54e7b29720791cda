"""The settings of the function that is tried: a whole set, as a project at Vercel has it, and all of it made up."""

from __future__ import annotations

from ci.vercel.function import HOST

SECRETS = {
    "SECRET_KEY": "a key for one run of the tests, and long enough",
    "TWILIO_AUTH_TOKEN": "an-auth-token-for-one-run",
    "CRON_SECRET": "a-cron-secret-for-one-run",
}


def settings_for(database_url: str, **more: str) -> dict[str, str]:
    """Return the project's variables with `database_url` for its database."""
    return {
        **SECRETS,
        "DATABASE_URL": database_url,
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_WHATSAPP_NUMBER": "+14155550100",
        "TWILIO_WEBHOOK_URL": f"https://{HOST}/api/whatsapp/webhook",
        **more,
    }

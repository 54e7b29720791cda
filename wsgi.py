"""The entry point: Vercel, gunicorn and `flask` find `app` here."""

import gc

# What is made at start is there to stay. Looking through it for garbage while it grows is a twelfth of a cold start.
gc.disable()

from app import create_app  # noqa: E402

app = create_app()

gc.freeze()
gc.enable()

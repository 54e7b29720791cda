"""The entry point: Vercel, gunicorn and `flask` find `app` here."""

from app import create_app

app = create_app()

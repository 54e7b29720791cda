"""The least that answers a webhook with Flask, Flask-SQLAlchemy and psycopg: the floor of bench/cold_start.py."""

from __future__ import annotations

import os

from flask import Flask, Response, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What the one model inherits from."""


db = SQLAlchemy(model_class=Base)


class Note(Base):
    """One message, as it came."""

    __tablename__ = "bare_notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    sender: Mapped[str]
    body: Mapped[str]


app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db.init_app(app)


@app.post("/api/whatsapp/webhook")
def webhook() -> Response:
    """Store the message, and answer as Twilio wants it; nothing is checked."""
    db.session.add(Note(sender=request.form["From"], body=request.form["Body"]))
    db.session.commit()
    return Response("<Response/>", content_type="text/xml")

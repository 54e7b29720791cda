"""Makes what tests need and stores it; every field has a sensible value until a test says otherwise."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any, TypeVar

from app.auth.models import User
from app.auth.passwords import hash_password
from app.coordinaciones.models import Coordinacion
from app.extensions import Base, db, utcnow, writing
from app.formats import fold
from app.phones import phone_key
from app.whatsapp.actions.arrivals import fold_search_text
from app.whatsapp.models import ChangeCounter, Conversation, Message

PASSWORD = "una clave de prueba"
Model = TypeVar("Model", bound=Base)


class Factories:
    """One of these per test; `count` keeps what must be unique apart."""

    def __init__(self) -> None:
        self.count = itertools.count(1)

    def store(self, thing: Model) -> Model:
        with writing() as session:
            session.add(thing)
        return thing

    def reload(self, thing: Model) -> Model:
        """Return `thing` as it is in the database now, whatever other sessions did to it."""
        db.session.rollback()
        db.session.refresh(thing)
        return thing

    def user(self, email: str, name: str = "Ana", role: str = "staff", active: bool = True) -> User:
        return self.store(User(email=email, name=name, role=role, active=active, password_hash=hash_password(PASSWORD)))

    def coordinacion(self, **fields: Any) -> Coordinacion:
        number = next(self.count)
        defaults = {"title": f"Fiesta {number}", "client_name": f"Cliente {number}", "phone": f"+5491155550{number:03}"}
        coordinacion = Coordinacion(**(defaults | fields))
        coordinacion.fold_search_text()
        return self.store(coordinacion)

    def conversation(self, phone: str | None = "+5491155550101", **fields: Any) -> Conversation:
        """A conversation whose window is open for 20 hours more."""
        defaults = {
            "phone_number": phone,
            "phone_key": phone_key(phone) if phone else None,
            "profile_name": "Lucía Ferreyra",
            "window_expires_at": utcnow() + timedelta(hours=20),
        }
        conversation = Conversation(**(defaults | fields))
        fold_search_text(conversation)
        return self.store(conversation)

    def message(self, conversation: Conversation, body: str = "Hola", **fields: Any) -> Message:
        """A message of `conversation`, inbound unless `direction` says otherwise, newer than those made before."""
        inbound = fields.get("direction", "inbound") == "inbound"
        theirs, ours = f"whatsapp:{conversation.address}", "whatsapp:+14155550100"
        number = next(self.count)
        sent_at: datetime = fields.pop("sent_at", utcnow() + timedelta(milliseconds=number))
        defaults = {
            "conversation_id": conversation.id,
            "direction": "inbound",
            "body": body,
            "from_number": theirs if inbound else ours,
            "to_number": ours if inbound else theirs,
            "status": "received" if inbound else "sent",
            "message_sid": f"SMf{number:031x}",
        }
        with writing() as session:
            counter = session.get_one(ChangeCounter, 1, with_for_update=True)
            counter.value += 1
            message = Message(**(defaults | fields), sent_at=sent_at, change=counter.value)
            message.search_text = fold(message.body)
            session.add(message)
            session.flush()
            conversation = session.merge(conversation)
            conversation.last_message_id, conversation.last_message_at = message.id, sent_at
            conversation.change = counter.value
            if inbound and message.read_at is None:
                conversation.unread_count += 1
        return message

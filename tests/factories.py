"""Makes what tests need and stores it; every field has a sensible value until a test says otherwise."""

from __future__ import annotations

import itertools
import uuid
from datetime import datetime, timedelta
from typing import Any, TypeVar

from app.auth.models import LoginSession, User
from app.auth.passwords import hash_password
from app.coordinaciones.models import Coordinacion
from app.extensions import Base, db, utcnow, writing
from app.formats import fold
from app.media.actions.keep import keep
from app.media.pictures import make_thumbnail
from app.phones import phone_key
from app.push.models import Subscription
from app.whatsapp.actions.conversation import fold_search_text
from app.whatsapp.models import ChangeCounter, Contact, Conversation, Media, Message
from app.whatsapp.templates.models import Template
from app.whatsapp.waiting import answers, asks, wait_no_more

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
        db.session.expire_all()
        db.session.refresh(thing)
        return thing

    def user(self, email: str, name: str = "Ana", role: str = "staff", active: bool = True) -> User:
        return self.store(User(email=email, name=name, role=role, active=active, password_hash=hash_password(PASSWORD)))

    def device(
        self, user: User, endpoint: str = "https://fcm.googleapis.com/fcm/send/1", **fields: Any
    ) -> Subscription:
        """A device of `user`, in a sign-in of its own that stands for another month."""
        login = LoginSession(
            id=uuid.uuid4().hex, user_id=user.id, refresh_id="", browser=True, expires_at=utcnow() + timedelta(days=30)
        )
        keys = {"p256dh": "B" * 87, "auth": "A" * 22}
        self.store(login)
        session_id = fields.pop("session_id", login.id)
        return self.store(Subscription(user_id=user.id, session_id=session_id, endpoint=endpoint, **(keys | fields)))

    def coordinacion(self, **fields: Any) -> Coordinacion:
        number = next(self.count)
        defaults = {"title": f"Fiesta {number}", "client_name": f"Cliente {number}", "phone": f"+5491155550{number:03}"}
        coordinacion = Coordinacion(**(defaults | fields))
        coordinacion.fold_search_text()
        return self.store(coordinacion)

    def conversation(self, phone: str | None = "+5491155550101", **fields: Any) -> Conversation:
        """A conversation with a contact of its own, whose window is open for 20 hours more."""
        person: dict[str, Any] = {
            "phone_number": phone,
            "phone_key": phone_key(phone) if phone else None,
            "user_id": fields.pop("user_id", None),
            "profile_name": fields.pop("profile_name", "Lucía Ferreyra"),
            "opted_out": fields.get("opted_out", False),
        }
        defaults = {"phone_number": phone, "window_expires_at": utcnow() + timedelta(hours=20)}
        conversation = Conversation(**(defaults | fields))
        with writing() as session:
            contact = Contact(home=conversation, conversation=conversation, **person)
            session.add(contact)
            fold_search_text(conversation)
            if conversation.joined_to_id is not None:
                session.flush()
                contact.conversation_id = conversation.joined_to_id
        return conversation

    def template(self, body: str = "Hola {{1}}, te recordamos la reunión {{2}}. ¡Gracias!", **fields: Any) -> Template:
        """An approved template of two variables, as it is after a sync."""
        number = next(self.count)
        defaults = {
            "content_sid": f"HX{number:032x}",
            "name": f"recordatorio_{number}",
            "language": "es_AR",
            "types": {"twilio/text": {"body": body}},
            "variables": {"1": "Lucía", "2": "el jueves a las 18"},
            "category": "UTILITY",
            "status": "approved",
        }
        return self.store(Template(**(defaults | fields)))

    def message(self, conversation: Conversation, body: str = "Hola", **fields: Any) -> Message:
        """A message of `conversation`, inbound unless `direction` says otherwise, newer than those made before."""
        inbound = fields.get("direction", "inbound") == "inbound"
        theirs, ours = f"whatsapp:{conversation.address}", "whatsapp:+14155550100"
        number = next(self.count)
        sent_at: datetime = fields.pop("sent_at", utcnow() + timedelta(milliseconds=number))
        defaults = {
            "conversation_id": conversation.id,
            "contact_id": conversation.contact.id,
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
            if answers(message):
                wait_no_more(conversation)
            elif asks(message):
                conversation.waiting_since = conversation.waiting_since or sent_at
            if inbound and message.read_at is None:
                conversation.unread_count += 1
        return message

    def media(self, data: bytes, content_type: str, filename: str = "", **fields: Any) -> Media:
        """A file that is kept here, with its small picture where it has one; for `message(media=[...])`."""
        file, small = keep(data, filename, content_type), make_thumbnail(data)
        defaults = {
            "position": 0,
            "url": "https://api.twilio.com/2010-04-01/Accounts/AC0/Messages/MM0/Media/ME0",
            "content_type": content_type,
            "filename": filename,
            "size": len(data),
            "state": "stored",
            "file_id": file.id,
            "thumbnail_id": keep(small.data, "", small.content_type).id if small else None,
        }
        return Media(**(defaults | fields))

"""The composer's file for browsers without JavaScript: one form, one file, and back to the conversation."""

from __future__ import annotations

import uuid
from hashlib import sha256

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.auth.guard import current_user, person, require_staff
from app.errors import Invalid
from app.extensions import limiter
from app.htmx import see_other
from app.media.actions.keep import keep_outgoing
from app.media.names import clean_name
from app.whatsapp import queries
from app.whatsapp.errors import KeyReused
from app.whatsapp.messaging.actions.send import send as send_message
from app.whatsapp.messaging.forms import parse_composer, parse_key
from app.whatsapp.messaging.request import page_key

bp = Blueprint("whatsapp_files", __name__, url_prefix="/whatsapp")
bp.before_request(require_staff)


@bp.post("/conversations/<int:conversation_id>/files")
@limiter.limit("60 per minute", key_func=person)
def send(conversation_id: int) -> ResponseReturnValue:
    """Keep the file of the form and send it; the form's hidden key makes a second click the same message."""
    queries.get_conversation(conversation_id)
    key = page_key(parse_key(request.form.get("key")) or str(uuid.uuid4()))
    given = request.files.get("file")
    if given is None:
        raise Invalid(_("Elegí un archivo."))
    data, name, author = given.read(), given.filename or "", current_user().id
    file_id = _find_sent(key, data, name) or keep_outgoing(data, name, author).id
    try:
        _send(conversation_id, file_id, key, author)
    except KeyReused:
        # By the second of two clicks at one moment, which kept a file of its own, and was the first to send.
        sent_id = _find_sent(key, data, name)
        if sent_id is None or sent_id == file_id:
            raise
        _send(conversation_id, sent_id, key, author)
    return see_other(url_for("whatsapp.show", conversation_id=conversation_id))


def _send(conversation_id: int, file_id: int, key: str, author_id: int) -> None:
    form = request.form.to_dict() | {"media_id": str(file_id)}
    send_message(parse_composer(form, conversation_id), key, author_id)


def _find_sent(key: str, data: bytes, name: str) -> int | None:
    """Return the id of the file that was sent under `key`, if anything was. Raises KeyReused when it is another one."""
    known = queries.find_message_by_key(key)
    if known is None:
        return None
    digest = sha256(data).hexdigest()
    for media in known.media:
        file = media.file
        if file is not None and (file.sha256, file.filename) == (digest, clean_name(name, file.content_type)):
            return file.id
    raise KeyReused  # The page came back from before, with another file.

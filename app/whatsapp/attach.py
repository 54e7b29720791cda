"""The composer's file for browsers without JavaScript: one form, one file, and back to the conversation."""

from __future__ import annotations

import uuid

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.auth.guard import current_user, person, require_staff
from app.errors import Invalid
from app.extensions import limiter
from app.htmx import see_other
from app.media.actions.keep import keep_outgoing
from app.whatsapp import queries
from app.whatsapp.actions.send import send as send_message
from app.whatsapp.errors import KeyReused
from app.whatsapp.forms import parse_composer, parse_key
from app.whatsapp.request import page_key

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
    data, author = given.read(), current_user().id
    known = queries.find_message_by_key(key)
    if known is None:
        file = keep_outgoing(data, given.filename or "", author)
        form = request.form.to_dict() | {"media_id": str(file.id)}
        send_message(parse_composer(form, conversation_id), key, author)
    elif [media.size for media in known.media] != [len(data)]:  # The page came back from before, with another file.
        raise KeyReused
    return see_other(url_for("whatsapp.show", conversation_id=conversation_id))

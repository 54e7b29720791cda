"""Which event a conversation is about, as staff say."""

from __future__ import annotations

from sqlalchemy import update

from app.coordinaciones.queries import get_coordinacion
from app.whatsapp import queries
from app.whatsapp.actions.conversation import choose_event
from app.whatsapp.changes import changing
from app.whatsapp.models import Message


def assign(conversation_id: int, coordinacion_id: int | None) -> None:
    """Say which coordinación a conversation is about from now on (None: no coordinación).

    What was said before anyone knew belongs to it as well. Raises NotFound.
    """
    if coordinacion_id is not None:
        get_coordinacion(coordinacion_id)
    with changing() as (session, change):
        conversation = queries.get_conversation(conversation_id)
        choose_event(conversation, coordinacion_id)
        conversation.change = change
        if coordinacion_id is not None:
            session.execute(
                update(Message)
                .where(Message.conversation_id == conversation.id, Message.coordinacion_id.is_(None))
                .values(coordinacion_id=coordinacion_id)
                .execution_options(synchronize_session=False)
            )

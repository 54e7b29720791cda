"""What Twilio does with the answer of the inbound webhook: TwiML or plain text becomes a message to the client.

An app that answers "ok" as text really writes "ok" to its client, so the simulator does it too.
"""

from __future__ import annotations

from xml.etree import ElementTree

from simulator.journey import launch
from simulator.records import Message, new_sid, utcnow
from simulator.rules import BODY_LIMIT
from simulator.state import World

XML_TYPES = ("text/xml", "application/xml")


def answer_to_client(world: World, inbound: Message, content_type: str, answer: str) -> None:
    """Send what the app answered, if it answered anything that Twilio reads as a message."""
    for text in texts_of(content_type, answer):
        reply = Message(
            sid=new_sid("SM"),
            direction="outbound-reply",
            sender=inbound.recipient,
            recipient=inbound.sender,
            body=text[:BODY_LIMIT],
            status="queued",
            created_at=utcnow(),
        )
        world.add_message(reply)
        launch(world, reply, template=None)


def texts_of(content_type: str, answer: str) -> list[str]:
    """Return the messages in an answer: TwiML's `<Message>` elements, or the whole of a plain text."""
    if content_type == "text/plain":
        return [answer.strip()] if answer.strip() else []
    if content_type not in XML_TYPES or not answer.strip():
        return []
    try:
        root = ElementTree.fromstring(answer)
    except ElementTree.ParseError:
        return []
    texts = ["".join(element.itertext()).strip() for element in root.iter("Message")]
    return [text for text in texts if text]

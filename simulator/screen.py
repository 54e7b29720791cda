"""What the phone on screen and the control API show of clients and messages."""

from __future__ import annotations

from simulator.records import Client, Media, Message, utcnow
from simulator.rules import WINDOW, describe, window_open
from simulator.shapes import iso8601
from simulator.state import World

Json = dict[str, object]
PREVIEWS = {
    "image": "Foto",
    "audio": "Audio",
    "video": "Video",
    "document": "Documento",
    "location": "Ubicación",
    "contacts": "Contacto",
    "sticker": "Sticker",
    "reaction": "Reacción",
    "media": "Archivo",
}


def client_json(client: Client) -> Json:
    """Return one person as plain data."""
    now = utcnow()
    opened = client.last_inbound_at
    return {
        "key": client.key,
        "name": client.name,
        "phone": client.phone,
        "user_id": client.user_id,
        "address": client.address,
        "auto_read": client.auto_read,
        "opted_out": client.opted_out,
        "writes_as": client.writes_as,
        "typing": client.typing_until is not None and client.typing_until > now,
        "window_open": window_open(client, now),
        "window_minutes_left": max(0, int((opened + WINDOW - now).total_seconds() // 60)) if opened else 0,
        "last_inbound_at": iso8601(opened) if opened else None,
    }


def message_view(world: World, message: Message) -> Json:
    """Return one message as plain data, with what the client sees of it."""
    return {
        "sid": message.sid,
        "number": message.number,
        "direction": message.direction,
        "mine": message.inbound,
        "kind": message.kind,
        "body": message.body,
        "status": message.status,
        "error_code": message.error_code,
        "error": describe(message.error_code) if message.error_code else None,
        "at": iso8601(message.moment),
        "media": [_media_view(media) for media in message.media],
        "details": message.details,
        "buttons": message.buttons,
        "shown": message.shown,
        "quote": _quote(world, message),
        "webhook": message.webhook_status,
        "lost": message.inbound and message.route.lost,
        "read_by_office": message.read_by_office,
        "content_sid": message.content_sid,
    }


def _media_view(media: Media) -> Json:
    url = f"/media/{media.sid}" if media.data else None
    return {"sid": media.sid, "content_type": media.content_type, "name": media.file_name, "url": url}


def _quote(world: World, message: Message) -> Json | None:
    if not message.reply_to:
        return None
    original = world.messages.get(message.reply_to)
    if original is None:
        return {"mine": False, "text": "Mensaje que ya no está"}
    return {"mine": original.inbound, "text": preview(original)}


def preview(message: Message) -> str:
    """Return one line that tells what a message says."""
    label = PREVIEWS.get(message.kind, "")
    body = " ".join(message.body.split())
    return f"{label}: {body}" if label and body else label or body or "Mensaje"


def list_entry(world: World, client: Client) -> Json:
    """Return one row of the list of phones: the person and the last thing that reached their screen."""
    seen = [message for message in world.chat(client) if arrived(message)]
    last = seen[-1] if seen else None
    entry = {"preview": preview(last) if last else "Sin mensajes", "at": iso8601(last.moment) if last else None}
    unread = sum(1 for message in seen if message.status == "delivered" and not message.inbound)
    return {**client_json(client), **entry, "mine": bool(last and last.inbound), "unread": unread}


def arrived(message: Message) -> bool:
    """Tell whether a message is on the client's screen: their own, or one of the office that was delivered."""
    return message.inbound or message.status in ("delivered", "read")

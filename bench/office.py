"""An office to measure with: the app on a database, its tables, and a history made up by PostgreSQL itself."""

from __future__ import annotations

import secrets

from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.extensions import db, init_migrations
from bench.cluster import Cluster
from config import Config, engine_options, parse_database_url

MONTHS = 24
MESSAGES_PER_CONVERSATION = 100

# A vocabulary of 3000 made-up words, some said often and most seldom; and what Twilio sends along with a message.
_SENTENCE = """(SELECT string_agg(translate(substr(md5(word::text), 1, 3 + word % 7), '0123456789', 'ghijklmnop'), ' ')
    FROM (SELECT floor(3000 * power(random(), 4))::int AS word FROM generate_series(1, 2 + (n % 19)::int)) AS drawn)"""
_PAYLOAD = """json_build_object('ProfileName', 'Clienta de Ejemplo ' || who, 'MessageType', 'text', 'WaId',
    5491100000000 + who, 'SmsStatus', 'received', 'NumSegments', '1', 'NumMedia', '0', 'ReferralNumMedia', '0',
    'ChannelMetadata', json_build_object('type', 'whatsapp', 'data', json_build_object('context', json_build_object(
    'ProfileName', 'Clienta de Ejemplo ' || who, 'WaId', 5491100000000 + who))))"""
_FILL = (
    """INSERT INTO coordinaciones (title, client_name, phone, phone_key, state, event_on, notes, search_text, place,
        event_kind, created_at, updated_at)
    SELECT 'Fiesta ' || n, 'Clienta ' || n, '+' || 5491100000000 + n, (541100000000 + n)::text, 'confirmed',
        current_date + n % 90, '', 'fiesta clienta ' || n, '', 'other', now(), now()
    FROM generate_series(1, {conversations}) n""",
    """INSERT INTO whatsapp_conversaciones (coordinacion_id, coordinacion_chosen, phone_number, search_text,
        last_message_at, unread_count, opted_out, change, created_at, window_expires_at)
    SELECT n, false, '+' || 5491100000000 + n, 'clienta de ejemplo ' || n, now(), 0, false, 0, now(),
        now() + interval '1 day'
    FROM generate_series(1, {conversations}) n""",
    """INSERT INTO whatsapp_contactos (home_id, conversation_id, phone_number, phone_key, profile_name, opted_out,
        created_at)
    SELECT id, id, phone_number, (541100000000 + id)::text, 'Clienta de Ejemplo ' || id, false, now()
    FROM whatsapp_conversaciones ORDER BY id""",
    # Each message is younger than the one before, over 24 months; three of five come from clients.
    """INSERT INTO whatsapp_mensajes (conversation_id, contact_id, coordinacion_id, direction, type, body, search_text,
        from_number, to_number, status, error_message, message_sid, idempotency_key, request_digest, payload, sent_at,
        read_at, change, created_at)
    SELECT who, who, who, CASE WHEN inbound THEN 'inbound' ELSE 'outbound' END,
        'text', said, said, 'whatsapp:+' || 5491100000000 + who, 'whatsapp:+14155550100',
        CASE WHEN inbound THEN 'received' ELSE 'read' END, '', 'SM' || md5(n::text),
        CASE WHEN inbound THEN NULL ELSE gen_random_uuid()::text END,
        CASE WHEN inbound THEN '' ELSE md5(n::text) || md5(n::text) END,
        CASE WHEN inbound THEN {payload} ELSE '{{}}'::json END, at, at, n, at
    FROM (SELECT n, 1 + n % {conversations} AS who, n * 7919 % 5 < 3 AS inbound, {sentence} AS said,
            now() - ({messages} - n) * (interval '{months} months' / {messages}) AS at
          FROM generate_series(1, {messages}) n) AS made""",
    """UPDATE whatsapp_conversaciones c SET last_message_id = m.id, last_message_at = m.sent_at, change = m.change
    FROM (SELECT DISTINCT ON (conversation_id) * FROM whatsapp_mensajes ORDER BY conversation_id, sent_at DESC) m
    WHERE m.conversation_id = c.id""",
    "UPDATE cambios SET value = {messages}",
    "VACUUM (ANALYZE)",
)


def open_app(url: str) -> Flask:
    """Return the app on the database at `url`, with no limits in its way."""
    url = parse_database_url(url)
    return create_app(
        Config(
            SECRET_KEY=secrets.token_urlsafe(48),
            SQLALCHEMY_DATABASE_URI=url,
            SQLALCHEMY_ENGINE_OPTIONS=engine_options(url),
            RATELIMIT_ENABLED=False,
        )
    )


def make_office(cluster: Cluster, database: str, messages: int) -> Flask:
    """Create a database with the app's tables and `messages` messages in it, and return the app on it."""
    cluster.execute(f'CREATE DATABASE "{database}"')
    app = open_app(cluster.url(database))
    init_migrations(app)
    with app.app_context():
        upgrade()
        db.session.remove()
    conversations = max(1, messages // MESSAGES_PER_CONVERSATION)
    numbers = {"messages": messages, "conversations": conversations, "months": MONTHS}
    pieces = {"payload": _PAYLOAD.format(**numbers), "sentence": _SENTENCE}
    cluster.execute(*(statement.format(**numbers, **pieces) for statement in _FILL), database=database)
    return app

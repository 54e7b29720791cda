"""One office three times: its messages in one table, and in partitions by month and by conversation."""

from __future__ import annotations

from flask import Flask

from app.extensions import db
from bench.cluster import Cluster
from bench.office import MONTHS, make_office, open_app

# What was unique is kept so by a table of its own that a trigger fills, so that the app notices nothing: a partitioned
# table can only promise what its key is part of, and (sid, month) would let a sid in twice.
_UNIQUE = """
    CREATE TABLE whatsapp_unicos (value varchar(300) PRIMARY KEY);
    CREATE FUNCTION keep_unique() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.message_sid IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.message_sid IS DISTINCT FROM NEW.message_sid)
            THEN INSERT INTO whatsapp_unicos VALUES ('sid ' || NEW.message_sid); END IF;
        IF NEW.idempotency_key IS NOT NULL AND TG_OP = 'INSERT'
            THEN INSERT INTO whatsapp_unicos VALUES ('key ' || NEW.idempotency_key); END IF;
        RETURN NEW; END $$;
    CREATE TRIGGER keep_unique AFTER INSERT OR UPDATE OF message_sid ON whatsapp_mensajes
        FOR EACH ROW EXECUTE FUNCTION keep_unique();
"""
_FILL_UNIQUE = """
    INSERT INTO whatsapp_unicos SELECT 'sid ' || message_sid FROM whatsapp_mensajes
    UNION ALL SELECT 'key ' || idempotency_key FROM whatsapp_mensajes WHERE idempotency_key IS NOT NULL
"""
_DIVIDE = """
    ALTER TABLE whatsapp_medios DROP CONSTRAINT fk_whatsapp_medios_message_id;
    ALTER TABLE whatsapp_mensajes RENAME TO before;
    ALTER SEQUENCE whatsapp_mensajes_id_seq OWNED BY NONE;
    CREATE TABLE whatsapp_mensajes (LIKE before INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY {by};
    {parts}
    INSERT INTO whatsapp_mensajes SELECT * FROM before ORDER BY id;
    DROP TABLE before;
    ALTER TABLE whatsapp_mensajes ADD PRIMARY KEY (id, {key});
    CREATE INDEX ON whatsapp_mensajes (conversation_id, sent_at, id);
    CREATE INDEX ON whatsapp_mensajes (conversation_id, change);
    CREATE INDEX ON whatsapp_mensajes (coordinacion_id, sent_at, id);
    CREATE INDEX ON whatsapp_mensajes (conversation_id, coordinacion_id)
        WHERE direction = 'inbound' AND read_at IS NULL;
    CREATE INDEX ON whatsapp_mensajes (message_sid);
    CREATE INDEX ON whatsapp_mensajes (idempotency_key);
    ALTER TABLE whatsapp_mensajes ADD FOREIGN KEY (conversation_id) REFERENCES whatsapp_conversaciones;
"""
BY_MONTH, BY_CONVERSATION, ONE = "by month", "by conversation", "one table"
HASHES = 16


def divide_by_month(cluster: Cluster, database: str) -> None:
    """Turn whatsapp_mensajes into partitions by the month of sent_at, with one more for what is to come."""
    months = f"""DO $$ DECLARE month date; BEGIN
        FOR month IN SELECT generate_series(date_trunc('month', now() - interval '{MONTHS} months'),
                                            date_trunc('month', now() + interval '1 month'), '1 month') LOOP
            EXECUTE format('CREATE TABLE %I PARTITION OF whatsapp_mensajes FOR VALUES FROM (%L) TO (%L)',
                'whatsapp_mensajes_' || to_char(month, 'YYYY_MM'), month, month + interval '1 month');
        END LOOP; END $$;"""
    cluster.execute(_DIVIDE.format(by="RANGE (sent_at)", key="sent_at", parts=months), database=database)


def divide_by_conversation(cluster: Cluster, database: str) -> None:
    """Turn whatsapp_mensajes into partitions by a hash of conversation_id."""
    parts = "\n".join(
        f"CREATE TABLE whatsapp_mensajes_{n} PARTITION OF whatsapp_mensajes"
        f" FOR VALUES WITH (MODULUS {HASHES}, REMAINDER {n});"
        for n in range(HASHES)
    )
    cluster.execute(_DIVIDE.format(by="HASH (conversation_id)", key="conversation_id", parts=parts), database=database)


def make_offices(cluster: Cluster, messages: int) -> dict[str, Flask]:
    """Return the same office three times: as it is, and divided in both ways."""
    apps = {ONE: make_office(cluster, "one", messages)}
    with apps[ONE].app_context():
        db.engine.dispose()  # A database that is copied must have no visitor.
    for name, database, divide in (
        (BY_MONTH, "months", divide_by_month),
        (BY_CONVERSATION, "hashes", divide_by_conversation),
    ):
        cluster.execute(f"CREATE DATABASE {database} TEMPLATE one")
        divide(cluster, database)
        cluster.execute(_UNIQUE, _FILL_UNIQUE, "VACUUM (ANALYZE)", database=database)
        apps[name] = open_app(cluster.url(database))
    return apps

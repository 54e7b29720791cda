"""A kept file and, where the database is the store, its bytes in parts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base, BigId, utcnow


class File(Base):
    """What is known of a kept file. `content_type` is what its bytes say it is, never what somebody called it.

    `store` is where the bytes are: database, or s3 under `storage_key`. `width` and `height` are a picture's, in
    pixels. One without `finished_at` is still being uploaded; `parts_put` counts how often a part of it came.
    """

    __tablename__ = "archivos"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    content_type: Mapped[str] = mapped_column(String(120), default="")
    filename: Mapped[str] = mapped_column(String(255), default="")
    size: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    width: Mapped[int | None]
    height: Mapped[int | None]
    store: Mapped[str] = mapped_column(String(10), default="database")
    storage_key: Mapped[str] = mapped_column(String(200), default="")
    parts_put: Mapped[int] = mapped_column(default=0)
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("usuarios.id", ondelete="SET NULL"), index=True)
    finished_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)


class FilePart(Base):
    """Some of a file's bytes, in the order of `position` from 0, so that no answer needs the whole file at once."""

    __tablename__ = "archivos_partes"

    file_id: Mapped[int] = mapped_column(
        ForeignKey("archivos.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)

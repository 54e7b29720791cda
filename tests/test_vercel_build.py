"""Our part of a build at Vercel: whose database it may migrate."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from app.schema import REVISION, find_revision
from ci.vercel import on_build


@pytest.mark.parametrize(
    ("settings", "migrated"),
    [
        ({"VERCEL_ENV": "production"}, True),
        ({"VERCEL_ENV": "preview", "PREVIEW_HAS_OWN_DATABASE": "1"}, True),
        ({"VERCEL_ENV": "preview"}, False),
        ({"VERCEL_ENV": "preview", "PREVIEW_HAS_OWN_DATABASE": "0"}, False),
        ({"VERCEL_ENV": "development", "PREVIEW_HAS_OWN_DATABASE": "1"}, False),
    ],
)
def test_a_build_migrates_production_and_a_preview_that_has_a_database_of_its_own(
    tmp_path: Path, settings: dict[str, str], migrated: bool
) -> None:
    url = f"sqlite:///{tmp_path / 'vercel.db'}"

    on_build.main({"SECRET_KEY": "k" * 40, "DATABASE_URL": url} | settings)

    engine = create_engine(url)
    with engine.connect() as connection:
        assert find_revision(connection) == (REVISION if migrated else None)
    engine.dispose()


def test_a_setting_of_a_build_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    settings = {"SECRET_KEY": "k" * 40, "DATABASE_URL": f"sqlite:///{tmp_path / 'vercel.db'}"}

    with pytest.raises(SystemExit, match="PREVIEW_HAS_OWN_DATABASE must be 1 or 0"):
        on_build.main(settings | {"VERCEL_ENV": "preview", "PREVIEW_HAS_OWN_DATABASE": "its own"})

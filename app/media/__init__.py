"""Files: what clients send and what staff send them, kept here so that the history outlives Twilio's."""

from __future__ import annotations

from flask import Flask

from app.media import api, outgoing_views, views
from app.media.bucket import Bucket, BucketStore
from app.media.fetch import Fetcher
from app.media.rules import LARGEST


def _bucket(app: Flask) -> BucketStore | None:
    """Return the bucket that the settings name; nothing is loaded nor asked until it is used."""
    config = app.config
    if not config["MEDIA_S3_BUCKET"]:
        return None
    keys = config["MEDIA_S3_ACCESS_KEY_ID"], config["MEDIA_S3_SECRET_ACCESS_KEY"]
    return BucketStore(Bucket(config["MEDIA_S3_BUCKET"], *keys, config["MEDIA_S3_REGION"], config["MEDIA_S3_ENDPOINT"]))


def init_app(app: Flask) -> None:
    """Give `app` its files."""
    for blueprint in (views.bp, views.uploads_bp, api.bp, outgoing_views.bp):
        app.register_blueprint(blueprint)
    app.jinja_env.globals["LARGEST_FILE"] = LARGEST
    app.extensions["media_fetcher"] = Fetcher(app.extensions["twilio"].account)
    app.extensions["media_bucket"] = _bucket(app)

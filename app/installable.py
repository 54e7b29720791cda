"""What makes Coordina an app on a phone: its manifest, its service worker, and what it shows without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.assets import asset, style_sheets
from app.auth.guard import public
from app.htmx import see_other
from app.media.rules import WHATSAPP_TYPES
from app.pages import render_page

bp = Blueprint("installable", __name__)
# Open: browsers ask for these without cookies, or before anybody signed in, and they say nothing of any office.
bp.before_request(public)

# What may be sent on: whether WhatsApp takes a picture or a sound is said when it is in the composer.
_SHARED_FILES = [
    *("image/*", "video/*", "audio/*"),
    *(name for name, taken in WHATSAPP_TYPES.items() if taken.kind in ("document", "contact")),
]


def _icons() -> list[dict[str, str]]:
    named = (("192", "any"), ("512", "any"), ("maskable", "maskable"))
    return [
        {
            "src": asset(f"icons/icon-{name}.png"),
            "sizes": "192x192" if name == "192" else "512x512",
            "type": "image/png",
            "purpose": purpose,
        }
        for name, purpose in named
    ]


def _manifest() -> dict[str, Any]:
    """Return the manifest (W3C Web Application Manifest), with what other apps may share with this one."""
    files = [{"name": "files", "accept": _SHARED_FILES}]
    return {
        "id": "/",
        "name": "Coordina",
        "short_name": "Coordina",
        "description": str(_("El WhatsApp de la oficina, al lado de cada evento.")),
        "lang": current_app.config["APP_LANGUAGE"].replace("_", "-"),
        "start_url": url_for("whatsapp.index"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#f6f8f7",
        "theme_color": "#0a7a4b",
        "icons": _icons(),
        "shortcuts": [
            {"name": str(_("Conversaciones")), "url": url_for("whatsapp.index")},
            {"name": str(_("Coordinaciones")), "url": "/"},
        ],
        "share_target": {
            "action": url_for("installable.share"),
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {"title": "title", "text": "text", "url": "url", "files": files},
        },
    }


def _fresh(body: str, mimetype: str) -> Response:
    """Answer what browsers keep and ask about each time: another version is there as soon as it is there."""
    response = Response(body, mimetype=mimetype)
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


@bp.get("/manifest.webmanifest")
def manifest() -> Response:
    """Serve the manifest, with the words of the office's language and the icons of this version."""
    return _fresh(json.dumps(_manifest(), ensure_ascii=False), "application/manifest+json")


@bp.get("/sw.js")
def service_worker() -> Response:
    """Serve the service worker from the root, so that it stands before every page.

    Before it stand the addresses that it keeps and shows: another version of the style makes another service worker.
    """
    source = Path(current_app.static_folder or "", "sw.js").read_text(encoding="utf-8")
    shell = {
        "page": url_for("installable.offline"),
        "kept": [
            url_for("installable.offline"),
            *style_sheets(),
            *(asset(name) for name in ("css/print.css", "favicon.svg", "offline.js")),
        ],
        "icon": asset("icons/icon-192.png"),
        "badge": asset("icons/badge.png"),
        "key": url_for("push.key"),
        "devices": url_for("push.subscribe"),
        "share": url_for("installable.share"),
        "shared": url_for("whatsapp.share"),
        "inbox": url_for("whatsapp.index"),
        "conversation": url_for("whatsapp.show", conversation_id=0),
    }
    return _fresh(f"const COORDINA = {json.dumps(shell)};\n{source}", "text/javascript")


@bp.get("/offline")
def offline() -> ResponseReturnValue:
    """Show what the service worker keeps for when there is no network; nobody's data is in it."""
    return render_page("offline.html")


@bp.post("/share")
def share() -> ResponseReturnValue:
    """Say that what was shared did not arrive: the service worker takes it before it comes here, once it is there."""
    return see_other(url_for("whatsapp.share", lost=1))


def init_app(app: Flask) -> None:
    """Give `app` the doors by which browsers install it."""
    app.register_blueprint(bp)

"""What is read of templates."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from app.errors import NotFound
from app.extensions import LARGEST_INT, db
from app.formats import fold
from app.whatsapp.templates.card import card_of, opens_conversation, places_of
from app.whatsapp.templates.models import Template
from app.whatsapp.templates.values import suggest_mapping


def get_template(template_id: int) -> Template:
    """Return a template. Raises NotFound."""
    template = db.session.get(Template, template_id) if 0 < template_id <= LARGEST_INT else None
    if template is None:
        raise NotFound
    return template


def find_template(content_sid: str) -> Template | None:
    """Return the template that Twilio knows as `content_sid`."""
    return db.session.scalar(select(Template).where(Template.content_sid == content_sid))


def find_named(name: str, language: str) -> Template | None:
    """Return the template of that name and language, unless Twilio has it no longer."""
    named = (Template.name == name, Template.language == language, Template.gone_at.is_(None))
    return db.session.scalars(select(Template).where(*named).order_by(Template.id)).first()


def list_templates(q: str = "") -> list[Template]:
    """Return every template, those that can be sent first; `q` looks into name and text, without accents."""
    found = db.session.scalars(select(Template).order_by(Template.name, Template.language, Template.id))
    words = fold(q).split()
    matching = [template for template in found if all(word in _searched(template) for word in words)]
    return sorted(matching, key=lambda template: (template.gone_at is not None, template.status != "approved"))


def _searched(template: Template) -> str:
    return fold(f"{template.name.replace('_', ' ')} {template.name} {card_of(template.types).words}")


def list_offered(*, window_open: bool, q: str = "") -> list[Template]:
    """Return what may be sent now: approved, and of a kind that can open a conversation unless the window is open."""
    return [
        template
        for template in list_templates(q)
        if template.status == "approved"
        and template.gone_at is None
        and (window_open or opens_conversation(template.types))
    ]


def last_synced_at() -> object:
    """Return when Twilio was last asked for its templates, or None when it never was."""
    return db.session.scalar(select(func.max(Template.synced_at)))


def names_of(template: Template) -> list[str]:
    """Return the names of a template's variables, in the order in which they are read."""
    return places_of(card_of(template.types))


def meanings_of(template: Template) -> Mapping[str, str]:
    """Return what each variable is at the office: as an admin said, else as its words suggest."""
    texts = list(card_of(template.types).texts())
    return suggest_mapping(names_of(template), template.variables, texts) | template.mapping

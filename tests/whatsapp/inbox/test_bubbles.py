"""Whatever a client sends becomes a bubble with words in it, and nothing of it becomes markup."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.auth.models import User
from app.extensions import db
from app.formats import has_ink
from app.whatsapp.changes import current_change
from app.whatsapp.contacts.vcards import read_details
from app.whatsapp.models import Conversation
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.signing import WEBHOOK, inbound_form, post_signed

SENDER = "+5491155550101"
FILE = "https://api.twilio.com/2010-04-01/Accounts/AC0/Messages/MM0/Media/ME0"
# Everything that our own templates put into what was said; a client's words bring none of it.
TAGS = {
    *("div", "p", "span", "b", "i", "a", "img", "svg", "use", "bdi", "button", "form", "input", "audio", "video"),
    *("aside", "blockquote", "strong", "em", "s", "code", "pre", "ul", "ol", "li", "br"),
}
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "https://a.example/\u202egpj.exe",
    "*<b>* _&amp;_ ~</div></li></ol>~ ```</code></pre>```",
    "{{ 7*7 }}{% include 'base.html' %}",
    "\u202eal revés\u202c",
    "\u2066\u2067\u2068\u200f\u200e",
    "\u3164\u200b\ufeff",
    "> " * 200,
    "\x00\x01\x1b[31m\r\n\t",
    "👩‍👩‍👧‍👦🏽🇦🇷",
    "n" * 4096,
)


class Said(HTMLParser):
    """What the last bubble of a fragment says: its words, read aloud ones included, and the tags that are in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.depth = 0
        self.words = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "div" and named.get("class") == "said":
            self.depth, self.words, self.tags = 1, "", []
        elif self.depth:
            self.depth += tag == "div"
            self.tags.append((tag, named))
            self.words += f" {named.get('alt') or ''} {named.get('aria-label') or ''} "

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "div" and self.depth > 0

    def handle_data(self, data: str) -> None:
        self.words += data if self.depth else ""


def check_said(html: str) -> str:
    """Return the words of the last bubble in `html`, having seen that nothing in it is a client's markup."""
    said = Said()
    said.feed(html)
    said.close()
    for tag, attributes in said.tags:
        assert tag in TAGS, tag
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "srcdoc")]
        for name in ("href", "src", "action", "hx-post", "poster"):
            assert (attributes.get(name) or "/").startswith(("/", "https://", "http://", "#")), attributes
    return " ".join(said.words.split())


class Chat:
    """One client who writes by signed webhooks, and staff who look at what became of it."""

    def __init__(self, app: Flask, browser: SignedInClient) -> None:
        self.app, self.browser = app, browser

    def receive(self, **fields: Any) -> str:
        """Return what the bubble of a message says, fetched as an open thread does it."""
        with self.app.app_context():
            seen = current_change()
            db.session.rollback()
        assert post_signed(self.app.test_client(), WEBHOOK, inbound_form(**fields)).status_code == 200
        db.session.rollback()
        conversation = db.session.query(Conversation).one()
        answer = self.browser.htmx("GET", f"/whatsapp/conversations/{conversation.id}/changes?since={seen}&state=open")
        assert answer.status_code == 200
        return check_said(answer.text)


@pytest.fixture
def chat(app: Flask, ana: User, sign_in: Callable[[User], SignedInClient]) -> Chat:
    return Chat(app, sign_in(ana))


def media(content_type: str, **fields: str) -> dict[str, str]:
    return {"body": "", "NumMedia": "1", "MediaUrl0": FILE, "MediaContentType0": content_type} | fields


PLACE = {"body": "", "MessageType": "location", "Latitude": "-34.6", "Longitude": "-58.4"}
FORMS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"body": "*Hola*"}, ("Hola",)),
    ({"body": "Hola", "MessageType": None}, ("Hola",)),
    (media("image/jpeg", MessageType="image"), ("Foto",)),
    (media("image/jpeg", MessageType="image", Body="el salón"), ("el salón",)),
    (media("image/webp", MessageType="sticker"), ("Sticker",)),
    (media("audio/ogg", MessageType="audio"), ("Mensaje de voz",)),
    (media("audio/mpeg", MessageType="audio"), ("Audio",)),
    (media("video/mp4", MessageType="video"), ("Video",)),
    (media("application/pdf", MessageType="document", Body="lista.pdf"), ("lista.pdf",)),
    (media("application/pdf", MessageType="document", Body="\u202efdp.lista"), ("fdp.lista",)),
    (media("application/pdf", MessageType="document", Body=""), ("Documento",)),
    (media("text/vcard", MessageType="contacts"), ("Contacto",)),
    (media("", MessageType=None), ("Documento",)),
    (PLACE, ("Ubicación", "-34.60000, -58.40000", "Ver en el mapa")),
    (PLACE | {"Label": "La quinta", "Address": "Ruta 8"}, ("La quinta", "Ruta 8")),
    (PLACE | {"Label": "\u3164"}, ("Ubicación",)),
    (PLACE | {"Latitude": "120", "Label": "La quinta"}, ("Ubicación", "La quinta")),
    (PLACE | {"Latitude": "javascript:1"}, ("Ubicación", "No llegó con su contenido")),
    ({"body": "Sí", "MessageType": "interactive", "ButtonText": "Sí", "ButtonPayload": "s"}, ("Tocó un botón", "Sí")),
    ({"body": "Sí", "MessageType": "button", "ButtonText": "Sí", "ButtonPayload": "s"}, ("Tocó un botón", "Sí")),
    ({"body": "", "MessageType": "interactive", "ButtonPayload": "si_1"}, ("si_1",)),
    ({"body": "", "MessageType": "list", "ListId": "2", "ListTitle": "Rock"}, ("Eligió de una lista", "Rock")),
    ({"body": "", "MessageType": "interactive", "FlowData": '{"nombre":"Ana"}'}, ("Completó", "nombre: Ana")),
    ({"body": "", "MessageType": "interactive", "InteractiveData": "{"}, ("Mensaje no compatible",)),
    ({"body": "", "MessageType": "interactive", "FlowData": '{"a":"\u200b"}'}, ("Completó un formulario",)),
    ({"body": "", "MessageType": "interactive", "FlowData": r'{"a\ud800":"b\u0000c"}'}, ("a: bc",)),
    ({"body": "Hola", "ReferralHeadline": "DJ", "ReferralSourceUrl": "javascript:1"}, ("Escribió por un anuncio",)),
    ({"body": "Hola", "ReferralNumMedia": "1", "ReferralMediaUrl": FILE, "ReferralCtwaClid": "x"}, ("Hola",)),
    ({"body": "Ver", "MessageType": "interactive", "ButtonText": "Ver", "ButtonType": "ACTION"}, ("Tocó un botón",)),
    ({"body": "Hola", "ParentExternalUserId": "IN.ENT.9", "ProfileUsername": "mica", "ProfileName": ""}, ("Hola",)),
    (media("image/jpeg", MessageType=None, **{f"MediaUrl{at}": f"{FILE}{at}" for at in range(1, 10)}), ("Foto",)),
    ({"body": "Hola", "Forwarded": "true"}, ("Reenviado", "Hola")),
    ({"body": "Hola", "Forwarded": "true", "FrequentlyForwarded": "true"}, ("Reenviado muchas veces",)),
    ({"body": "Sí", "OriginalRepliedMessageSid": "SM" + "9" * 32}, ("Responde a un mensaje que no tenemos.", "Sí")),
    ({"body": "👍", "MessageType": "reaction", "OriginalRepliedMessageSid": "SM9"}, ("Reaccionó con 👍",)),
    ({"body": "", "MessageType": "reaction", "OriginalRepliedMessageSid": "SM9"}, ("Quitó su reacción",)),
    ({"body": "", "MessageType": "reaction"}, ("Mensaje no compatible",)),
    ({"body": "", "MessageType": None}, ("Mensaje no compatible",)),
    ({"body": "2 x Combo", "MessageType": "order"}, ("Mensaje no compatible", "2 x Combo")),
    ({"body": "", "MessageType": "unsupported"}, ("Mensaje no compatible", "Pedile que lo mande de otra forma.")),
    ({"body": "", "MessageType": "image"}, ("Foto", "No llegó con su contenido.")),
    ({"body": "\u3164\u200b"}, ("Mensaje en blanco",)),
    ({"body": "\u200b", "ExternalUserId": "whatsapp:AR.456", "From": "whatsapp:AR.456", "WaId": None}, ("en blanco",)),
]


@pytest.mark.parametrize(("fields", "words"), FORMS)
def test_every_form_of_a_message_becomes_a_bubble_with_words(
    chat: Chat, fields: dict[str, Any], words: tuple[str, ...]
) -> None:
    said = chat.receive(**fields)

    assert [word for word in words if word not in said] == []


def test_the_list_says_something_of_every_form(chat: Chat) -> None:
    for fields, _words in FORMS[:-1]:
        chat.receive(**fields)
        row = chat.browser.get("/whatsapp/list").text.split('<span class="line">')[1].split("</span>")[0]
        assert has_ink(row.removeprefix('<span dir="auto">')), fields


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_words_wherever_a_client_puts_them(chat: Chat, text: str) -> None:
    answers = json.dumps({text: text, "lista": [text, {"dentro": text}]})
    everywhere: tuple[dict[str, Any], ...] = (
        {"body": text, "ProfileName": text},
        media("application/pdf", MessageType="document", Body=text),
        media(text, MessageType=text, Body=text),
        PLACE | {"Label": text, "Address": text},
        PLACE | {"Latitude": text, "Longitude": text},
        {"body": text, "MessageType": "interactive", "ButtonText": text, "ListTitle": text},
        {"body": "", "MessageType": "interactive", "FlowData": answers},
        {"body": "Hola", "ReferralHeadline": text, "ReferralBody": text, "ReferralSourceUrl": text},
        {"body": text, "MessageType": "reaction", "OriginalRepliedMessageSid": "SM9"},
        {"body": text, "MessageType": "unsupported", "Forwarded": text, "OriginalRepliedMessageSid": text},
    )

    for fields in everywhere:
        assert has_ink(chat.receive(**fields)), fields


VALUES = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=300))
TYPES = ("text", "image", "audio", "video", "document", "contacts", "location", "interactive", "button", "reaction")
NAMES = (
    *("ProfileName", "NumMedia", "Label", "Address", "ButtonText", "ButtonPayload", "ListId", "ListTitle"),
    *("FlowData", "InteractiveData", "OriginalRepliedMessageSid", "Forwarded", "FrequentlyForwarded", "Tomorrow"),
    *("ReferralHeadline", "ReferralBody", "ReferralSourceUrl", "ChannelMetadata", "Emoji"),
)
RANDOM = st.fixed_dictionaries(
    {"body": VALUES},
    optional={
        "MessageType": st.one_of(st.sampled_from((*TYPES, "sticker", "list", "TEXT", None)), VALUES),
        **{f"MediaUrl{at}": st.one_of(st.just(FILE), VALUES) for at in range(3)},
        **{f"MediaContentType{at}": st.sampled_from(("image/jpeg", "text/vcard", "", "a/b;c")) for at in range(3)},
        **dict.fromkeys(NAMES, VALUES),
        "Longitude": st.one_of(st.floats().map(str), VALUES),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RANDOM)
def test_no_parameters_make_an_error_an_empty_bubble_or_markup(chat: Chat, fields: dict[str, Any]) -> None:
    assert has_ink(chat.receive(**fields))


def test_a_link_is_only_what_leads_to_a_host_of_the_web(chat: Chat) -> None:
    said = chat.receive(body="javascript:alert(1) https://a.example/x data:text/html,x file:///etc/passwd")

    assert said == "javascript:alert(1) https://a.example/x data:text/html,x file:///etc/passwd"


def test_a_card_of_a_megabyte_is_shown_short(chat: Chat, factories: Factories) -> None:
    person = b"BEGIN:VCARD\nFN:<b>Mica</b>\nTEL:+54 9 11 5555-0190\nNOTE:" + b"x" * 900 + b"\nEND:VCARD\n"
    details = read_details("contact", person * (1024 * 1024 // len(person)))
    card = factories.media(person, "text/vcard", "mica.vcf", details=details)
    conversation = factories.conversation()
    factories.message(conversation, "", type="contact", media=[card])

    answer = chat.browser.htmx("GET", f"/whatsapp/conversations/{conversation.id}/changes?since=0&state=open")

    assert "&lt;b&gt;Mica&lt;/b&gt;" in answer.text
    assert "contactos más en el archivo" in check_said(answer.text)
    assert len(answer.data) < 100_000

"""Two screens over one office: whatever happens, one poll later both show what is stored."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.auth.models import User
from app.extensions import db
from app.whatsapp.models import Conversation, Message
from tests.browser import SignedInClient
from tests.factories import Factories
from tests.fakes import FakeTwilio
from tests.signing import STATUS, WEBHOOK, inbound_form, post_signed, status_form

ACTS = 200
BUBBLE = re.compile(r'<li id="m-([0-9]+)" class="msg[^>]*data-change="([0-9]+)"')
ROW = re.compile(r'<li id="conversation-([0-9]+)">(.*?)</li>', re.DOTALL)
# What depends on now is renewed when it grows old, and no change of the office's.
AGING = re.compile(r'<span data-holds-until="[0-9]+">[^<]*</span>|title="espera hace [^"]*"')
FEED = re.compile(r"\"since\": \"([0-9]+)\"")


class Screen:
    """One browser with the list and one thread open, which knows nothing but what its requests answered."""

    def __init__(self, browser: SignedInClient, chat: int) -> None:
        self.browser, self.chat, self.tag = browser, chat, ""
        page = browser.htmx("GET", f"/whatsapp/conversations/{chat}/chat").text
        self.thread = dict(BUBBLE.findall(page))
        self.since = self._since(page)
        self.rows: list[tuple[str, str]] = []

    def read_rows(self) -> list[tuple[str, str]]:
        return ROW.findall(AGING.sub("", self.browser.htmx("GET", "/whatsapp/list").text))

    @staticmethod
    def _since(page: str) -> str:
        found = FEED.search(page)
        assert found is not None
        return found[1]

    def poll(self) -> None:
        answer = self.browser.htmx("GET", f"/whatsapp/unread?here={self.chat}", headers={"HX-PTag": self.tag})
        self.tag = answer.headers["HX-PTag"]
        if "whatsapp-changed" not in answer.headers.get("HX-Trigger", ""):
            return
        self.rows = self.read_rows()
        url = f"/whatsapp/conversations/{self.chat}/changes?state=open&since={self.since}"
        changes = self.browser.htmx("GET", url).text
        self.thread |= dict(BUBBLE.findall(changes))
        self.since = self._since(changes)

    def act(self, path: str, **form: object) -> int:
        data = {"csrf_token": self.browser.csrf} | {name: str(value) for name, value in form.items()}
        return self.browser.htmx("POST", f"/whatsapp/conversations/{self.chat}/{path}", data=data).status_code


def stored(chat: int) -> dict[str, str]:
    db.session.rollback()  # Others wrote.
    rows = db.session.query(Message.id, Message.change).filter_by(conversation_id=chat)
    return {str(row[0]): str(row[1]) for row in rows}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_screens_agree_one_poll_after_any_200_acts(
    seed: int,
    sign_in: Callable[[User], SignedInClient],
    ana: User,
    bruno: User,
    nobody: FlaskClient,
    factories: Factories,
    twilio: FakeTwilio,
) -> None:
    chance = random.Random(seed)
    post_signed(nobody, WEBHOOK, inbound_form("Hola", MessageSid=f"SM{seed:032x}"))
    chat = db.session.query(Conversation.id).scalar()
    event = factories.coordinacion()
    people = (None, ana.id, bruno.id)
    screens = [Screen(sign_in(user), chat) for user in (ana, bruno)]
    asked = sent = 0

    def write(number: int) -> None:
        nonlocal asked, sent
        screen = chance.choice(screens)
        known = chance.choice([0, *map(int, screen.thread)])
        status = screen.act("messages", body=f"Nuestra {number}", key=f"k{number}", known=known)
        assert status in (201, 409)
        asked, sent = asked + (status == 409), sent + (status == 201)

    def come(number: int) -> None:
        phone = chance.choice(["+5491155550101", "+5491155550101", "+5491155550102"])
        form = inbound_form(f"De cliente {number}", phone, MessageSid=f"SM{1000 * seed + number:032x}")
        assert post_signed(nobody, WEBHOOK, form).status_code == 200

    def settle(_number: int) -> None:
        sids = [row[0] for row in db.session.query(Message.message_sid).filter_by(direction="outbound") if row[0]]
        if sids:
            form = status_form(chance.choice(sids), chance.choice(["sent", "delivered", "read", "undelivered"]))
            assert post_signed(nobody, STATUS, form).status_code == 204

    acts: list[Callable[[int], object]] = [
        write,
        come,
        settle,
        lambda _number: chance.choice(screens).act("read"),
        lambda _number: chance.choice(screens).act("done"),
        lambda _number: chance.choice(screens).act("assignee", user_id=chance.choice(people) or ""),
        lambda _number: chance.choice(screens).act("coordinacion", coordinacion_id=chance.choice([event.id, ""])),
        lambda _number: chance.choice(screens).poll(),
    ]
    for number in range(1, ACTS + 1):
        db.session.rollback()
        chance.choices(acts, weights=[5, 5, 4, 2, 1, 1, 1, 4])[0](number)

    for screen in screens:
        screen.poll()

    now = stored(chat)
    fresh = screens[0].read_rows()
    assert [screen.thread for screen in screens] == [now, now]
    assert [screen.rows for screen in screens] == [fresh, fresh]
    assert len(twilio.sent) == sent
    assert asked > 0

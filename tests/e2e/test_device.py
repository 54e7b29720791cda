"""Coordina as an app on a device, in Chromium's own service worker: notices, clicks, no network, what others share."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.auth.models import User
from app.whatsapp.models import Conversation
from tests.e2e.conftest import Phone
from tests.e2e.test_attaching import PHOTO
from tests.e2e.test_round_trip import open_chat
from tests.e2e.waiting import LONGEST, look_now
from tests.factories import Factories
from tests.live_server import LiveServer
from tests.push.receiver import Receiver

OpenPage = Callable[..., Page]
NOTICES = "(await (await navigator.serviceWorker.ready).getNotifications()).map((n) => [n.title, n.body])"
# Chromium asks Google's servers for a subscription, which no test does: what it would get from them is given here.
SUBSCRIPTION = """(fields) => {
  let kept = null;
  const given = {
    ...fields,
    options: { applicationServerKey: null },
    toJSON: () => ({ endpoint: fields.endpoint, keys: { p256dh: fields.p256dh, auth: fields.auth } }),
    unsubscribe: async () => { kept = null; return true; },
  };
  PushManager.prototype.subscribe = async () => { sessionStorage.subscribed = 1; return (kept = given); };
  PushManager.prototype.getSubscription = async () => kept ?? (sessionStorage.subscribed ? given : null);
}"""


NEWER = 10**9  # The number of what no page has heard of yet.


COUNT_PUSHES = """() => {
  if (globalThis.pushes === undefined) {
    globalThis.pushes = 0;
    const real = tell;
    tell = (notice) => { pushes += 1; return real(notice); };
  }
  return pushes;
}"""


@pytest.fixture(scope="session")
def browser(full_browser: Browser) -> Browser:
    """Notices are the whole browser's."""
    return full_browser


def until(page: Page, condition: str) -> None:
    """Wait until a condition holds on the page, whose policy lets nobody evaluate a string again and again."""
    page.evaluate(
        f"""async () => {{
          for (const ends = Date.now() + 20000; !({condition});) {{
            if (Date.now() > ends) throw new Error("It never came.");
            await new Promise((next) => setTimeout(next, 20));
          }}
        }}"""
    )


def allow(page: Page, office: LiveServer) -> None:
    page.context.grant_permissions(["notifications"], origin=office.url)


def with_worker(page: Page) -> Page:
    """Wait until the service worker stands before the page, and is ready for what is pushed."""
    until(page, "navigator.serviceWorker.controller?.state === 'activated'")
    return page


def deliver(page: Page, office: LiveServer, words: dict[str, Any]) -> None:
    """Hand `words` to the service worker, as the browser does with a push that it has opened."""
    cdp = page.context.new_cdp_session(page)
    registrations: list[dict[str, Any]] = []
    cdp.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    cdp.send("ServiceWorker.enable")
    while not any(not one["isDeleted"] for one in registrations):
        page.wait_for_timeout(20)
    alive = [one["registrationId"] for one in registrations if not one["isDeleted"]]
    told = {"origin": office.url, "registrationId": alive[-1], "data": json.dumps(words)}
    [worker] = page.context.service_workers
    before = worker.evaluate(COUNT_PUSHES)
    for _ in range(10):  # Chromium drops one now and then without a word; the same twice is one notice.
        cdp.send("ServiceWorker.deliverPushMessage", told)  # It goes on after its answer, while the session stands.
        for _ in range(50):
            if worker.evaluate(COUNT_PUSHES) > before:
                return
            page.wait_for_timeout(20)
    pytest.fail("The service worker never got the push.")


def notices(page: Page, *expected: list[str], seconds: int = 20) -> bool:
    """Tell whether just these notices come to be on the screen, each with title and text."""
    wanted = json.dumps(sorted(expected), ensure_ascii=False, separators=(",", ":"))
    return bool(
        page.evaluate(
            f"""async () => {{
              for (const ends = Date.now() + {seconds * 1000}; Date.now() < ends;) {{
                if (JSON.stringify(({NOTICES}).sort()) === {json.dumps(wanted)}) return true;
                await new Promise((next) => setTimeout(next, 250));
              }}
              return false;
            }}"""
        )
    )


def tell(page: Page, office: LiveServer, *pushes: dict[str, Any], shows: list[list[str]]) -> None:
    """Push until these notices are on the screen.

    Chromium forgets a notice that somebody asks for while it is being put there, as every look here does.
    """
    for _ in range(5):
        for words in pushes:
            deliver(page, office, words)
        if notices(page, *shows, seconds=4):
            return
    pytest.fail(f"Not on the screen: {shows}")


def words_of(
    conversation_id: int, title: str = "Lucía Ferreyra", body: str = "Hola", unread: int = 1, change: int = NEWER
) -> dict[str, Any]:
    place = {"url": f"/whatsapp/conversations/{conversation_id}", "tag": f"conversation-{conversation_id}"}
    return {"title": title, "body": body, "unread": unread, "change": change, "timestamp": 1_760_000_000_000, **place}


def open_told(
    open_page: OpenPage, office: LiveServer, lucia: Phone, factories: Factories, path: str = "/"
) -> tuple[Page, Conversation]:
    """Open a page that may show notices; return it, and the conversation in which Lucía has written."""
    conversation = factories.conversation(lucia.phone, profile_name="Lucía Ferreyra")
    factories.message(conversation, "Hola")
    page = open_page(path)
    allow(page, office)
    return with_worker(page), conversation


def test_a_click_turns_notices_on_and_a_message_reaches_the_device(
    open_page: OpenPage, office: LiveServer, lucia: Phone, push_service: Receiver
) -> None:
    page = open_page("/settings/notifications")
    allow(page, office)
    page.context.add_init_script(f"({SUBSCRIPTION})({json.dumps(push_service.fields)})")
    page.reload()
    card = page.locator("#this-device")
    expect(card).to_have_attribute("data-state", "off")
    expect(card).to_contain_text("aunque no la tengas abierta")

    card.get_by_role("button", name="Activar avisos en este dispositivo").click()

    expect(card).to_have_attribute("data-state", "on")
    expect(page.locator("#devices [data-here]:not([hidden])")).to_have_count(1)
    card.get_by_role("button", name="Probar en este dispositivo").click()
    expect(page.locator(".note.good")).to_contain_text("Mandado.")
    page.goto("/coordinaciones")
    lucia.say("¿A qué hora llegan?")
    lucia.idle()
    assert push_service.wait_for(2)
    trial, told = (words for _headers, words in push_service.got)
    assert (trial["title"], told["title"], told["body"]) == ("Aviso de prueba", "Lucía Ferreyra", "¿A qué hora llegan?")

    tell(with_worker(page), office, told, shows=[["Lucía Ferreyra", "¿A qué hora llegan?"]])

    page.goto("/settings/notifications")
    card.get_by_role("button", name="Dejar de recibir").click()
    expect(card).to_have_attribute("data-state", "off")
    expect(page.locator("#devices")).to_have_count(0)


def test_permission_is_never_asked_for_on_load(open_page: OpenPage) -> None:
    page = open_page("/settings/notifications")
    page.context.add_init_script(
        "Notification.requestPermission = async () => { window.asked = true; return 'default'; }"
    )
    page.reload()
    card = page.locator("#this-device")
    expect(card).not_to_have_attribute("data-state", "")

    assert page.evaluate("window.asked ?? false") is False


IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(
    ("tab", "state"),
    [
        ("delete window.PushManager", "home"),
        ("navigator.__defineGetter__('standalone', () => true)", "off"),
        ("navigator.__defineGetter__('standalone', () => true); delete window.PushManager", "unsupported"),
    ],
)
def test_an_iphone_is_told_to_add_coordina_to_its_home_exactly_where_that_helps(
    open_page: OpenPage, tab: str, state: str
) -> None:
    page = open_page("/settings/notifications", user_agent=IPHONE, viewport={"width": 390, "height": 844})
    page.context.add_init_script(tab)
    page.reload()

    expect(page.locator("#this-device")).to_have_attribute("data-state", state)

    expect(page.get_by_text("Agregá Coordina a inicio")).to_be_visible(visible=state == "home")


def test_one_notice_for_each_conversation_is_renewed(open_page: OpenPage, office: LiveServer) -> None:
    page = open_page()
    allow(page, office)
    with_worker(page)

    tell(page, office, words_of(7, body="Hola"), shows=[["Lucía Ferreyra", "Hola"]])

    both = words_of(8, "Tomás", "Buenas"), words_of(7, "Lucía Ferreyra (2)", "¿Están?", 3)
    tell(page, office, *both, shows=[["Lucía Ferreyra (2)", "¿Están?"], ["Tomás", "Buenas"]])


def test_what_is_open_and_in_view_is_not_told_and_goes_when_it_is_opened(
    open_page: OpenPage, office: LiveServer, lucia: Phone, factories: Factories
) -> None:
    page, conversation = open_told(open_page, office, lucia, factories)
    tell(page, office, words_of(conversation.id), shows=[["Lucía Ferreyra", "Hola"]])

    open_chat(page, "Lucía Ferreyra")
    assert notices(page)
    page.bring_to_front()
    [worker] = page.context.service_workers
    worker.evaluate(NOTE)
    both = words_of(conversation.id, body="En la cara"), words_of(conversation.id + 1, "Tomás", "Otra")
    tell(page, office, *both, shows=[["Tomás", "Otra"]])

    assert worker.evaluate("[...new Set(shown)]") == ["Otra"]


# What is shown, in its order, even what is gone again a moment later.
NOTE = """() => {
  const show = registration.showNotification.bind(registration);
  globalThis.shown = [];
  registration.showNotification = (title, options) => { shown.push(options.body); return show(title, options); };
}"""


def test_safari_is_shown_what_is_in_view_too_and_for_a_moment_only(
    open_page: OpenPage, office: LiveServer, lucia: Phone, factories: Factories
) -> None:
    page, conversation = open_told(open_page, office, lucia, factories)
    open_chat(page, "Lucía Ferreyra")
    page.bring_to_front()
    [worker] = page.context.service_workers
    worker.evaluate(NOTE)
    worker.evaluate(
        "() => { PushManager.prototype.getSubscription = async () => ({ endpoint: 'https://web.push.apple.com/x' }); }"
    )

    both = words_of(conversation.id, body="En la cara"), words_of(conversation.id + 1, "Tomás", "Otra")
    tell(page, office, *both, shows=[["Tomás", "Otra"]])

    assert worker.evaluate("[...new Set(shown)]") == ["En la cara", "Otra"]


def test_who_left_a_chat_open_and_went_away_is_told(
    open_page: OpenPage, office: LiveServer, lucia: Phone, factories: Factories
) -> None:
    page, conversation = open_told(open_page, office, lucia, factories)
    open_chat(page, "Lucía Ferreyra")
    page.bring_to_front()
    page.evaluate("Date.now = ((now) => () => now() + 301000)(Date.now.bind(Date))")

    tell(page, office, words_of(conversation.id, body="¿Estás?"), shows=[["Lucía Ferreyra", "¿Estás?"]])


RENEW = """async (fields) => {
  const toJSON = () => ({ endpoint: fields.endpoint, keys: { p256dh: fields.p256dh, auth: fields.auth } });
  PushManager.prototype.subscribe = async () => ({ toJSON });
  const ended = new ExtendableEvent("pushsubscriptionchange");
  ended.oldSubscription = { endpoint: fields.before };
  dispatchEvent(ended);
}"""


def test_a_subscription_that_ended_is_renewed_under_its_name(
    open_page: OpenPage, office: LiveServer, push_service: Receiver, ana: User, factories: Factories
) -> None:
    page = with_worker(open_page())
    before = push_service.fields
    device = factories.device(ana, name="Mi compu", **before)

    renewed = before | {"endpoint": f"{push_service.url}/device/2", "before": before["endpoint"]}
    page.context.service_workers[0].evaluate(RENEW, renewed)

    ends = time.monotonic() + LONGEST
    while factories.reload(device).endpoint != renewed["endpoint"] and time.monotonic() < ends:
        page.wait_for_timeout(50)
    assert (device.endpoint, device.name) == (renewed["endpoint"], "Mi compu")


CLICK = """async ([url, tag]) => {
  const shown = await registration.getNotifications({ tag });
  WindowClient.prototype.focus = async function focus() { globalThis.focused = this.url; return this; };
  clients.openWindow = async (opened) => { globalThis.opened = opened; };
  const event = new NotificationEvent("notificationclick", { notification: shown[0] });
  dispatchEvent(event);
  for (const ends = Date.now() + 20000; !globalThis.focused && !globalThis.opened && Date.now() < ends;) {
    await new Promise((next) => setTimeout(next, 20));
  }
  return [globalThis.focused ?? null, globalThis.opened ?? null];
}"""


def click(page: Page, conversation_id: int) -> list[str | None]:
    """Click a notice; return which tab got the focus, and what was opened anew.

    A browser lets only a real click move the focus, and no test has one outside the page: both calls are noted instead.
    """
    place = words_of(conversation_id)
    return list(page.context.service_workers[0].evaluate(CLICK, [place["url"], place["tag"]]))


@pytest.mark.parametrize("path", ["/coordinaciones", "/whatsapp/"])
def test_a_click_shows_the_conversation_in_the_tab_that_is_open(
    open_page: OpenPage, office: LiveServer, lucia: Phone, factories: Factories, path: str
) -> None:
    page, conversation = open_told(open_page, office, lucia, factories, path)
    tell(page, office, words_of(conversation.id), shows=[["Lucía Ferreyra", "Hola"]])

    focused, opened = click(page, conversation.id)

    assert (focused, opened) == (f"{office.url}{path}", None)
    expect(page.locator("#conversation-name")).to_have_text("Lucía Ferreyra")
    assert notices(page)


def test_a_notice_goes_when_a_colleague_has_read_it_and_one_of_something_newer_stays(
    open_page: OpenPage, office: LiveServer, lucia: Phone, factories: Factories, bruno: User
) -> None:
    page, conversation = open_told(open_page, office, lucia, factories, "/coordinaciones")
    both = words_of(conversation.id, change=1), words_of(conversation.id + 1, "Tomás", "Recién")
    tell(page, office, *both, shows=[["Lucía Ferreyra", "Hola"], ["Tomás", "Recién"]])

    open_chat(open_page(email=bruno.email), "Lucía Ferreyra")
    expect(page.locator("#whatsapp-badge")).to_have_attribute("data-count", "0")

    assert notices(page, ["Tomás", "Recién"])


def test_a_click_opens_coordina_where_no_tab_is(open_page: OpenPage, office: LiveServer) -> None:
    page = open_page()
    allow(page, office)
    with_worker(page)
    tell(page, office, words_of(5), shows=[["Lucía Ferreyra", "Hola"]])
    page.goto("/offline")  # A page of ours that cannot show a conversation.

    assert click(page, 5) == [None, "/whatsapp/conversations/5"]


def test_without_a_network_a_page_says_so_and_what_was_written_is_still_there(
    open_page: OpenPage, lucia: Phone, trouble: list[str]
) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = open_page("/whatsapp/")
    with_worker(page)
    page.locator("#conversation-list").get_by_text("Lucía Ferreyra").click()
    page.locator("#composer-text").fill("Te paso la lista")

    page.context.set_offline(True)
    page.reload()

    expect(page.get_by_role("heading", name="Sin conexión")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.btn.primary')).borderRadius") == "8px"
    kept = page.evaluate(
        "caches.open('offline').then((c) => c.keys()).then((all) => all.map((r) => new URL(r.url).pathname))"
    )
    assert sorted(kept) == [
        "/offline",
        "/static/css/base.css",
        "/static/css/page.css",
        "/static/css/print.css",
        "/static/css/tokens.css",
        "/static/favicon.svg",
        "/static/offline.js",
    ]
    page.context.set_offline(False)  # And the page comes back by itself.
    expect(page.locator("#composer-text")).to_have_value("Te paso la lista")
    trouble.clear()


def test_a_poll_does_not_wake_the_service_worker(open_page: OpenPage) -> None:
    page = with_worker(open_page())
    polls = "performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('/whatsapp/unread'))"
    before = page.evaluate(f"{polls}.length")

    look_now(page)

    until(page, f"{polls}.length > {before}")
    assert page.evaluate(f"{polls}.at(-1).workerMatchedSourceType") == "network"


SHARE = """([text, photo]) => {
  const make = (name, fields) => Object.assign(document.createElement(name), fields);
  const form = make("form", { method: "post", action: "/share", enctype: "multipart/form-data" });
  const files = make("input", { type: "file", name: "files" });
  if (photo) {
    const bytes = Uint8Array.from(atob(photo), (letter) => letter.charCodeAt(0)), given = new DataTransfer();
    given.items.add(new File([bytes], "salon.jpg", { type: "image/jpeg" }));
    files.files = given.files;
  }
  form.append(make("textarea", { name: "text", value: text }), files);
  document.body.append(form);
  form.submit();
}"""


def share(page: Page, text: str, photo: bool = False) -> None:
    """Come from another app's share sheet, which posts a form as a page does."""
    with page.expect_navigation(url="**/whatsapp/share?**"):
        page.evaluate(SHARE, [text, base64.b64encode(PHOTO.read_bytes()).decode() if photo else ""])


def test_a_shared_photo_lands_in_the_conversation_that_is_chosen(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("¿Me mandás el salón?")
    lucia.idle()
    page = with_worker(open_page())

    share(page, "Así quedó", photo=True)
    expect(page.locator("#shared")).to_contain_text("salon.jpg · Así quedó")
    page.locator("#conversation-list").get_by_text("Lucía Ferreyra").click()

    expect(page.locator("#composer-text")).to_have_value("Así quedó")
    expect(page.locator("#attachments li")).to_contain_text("salon.jpg")
    expect(page.locator("#sharing")).to_have_count(0)
    page.locator("#composer-form .round[aria-label=Mandar]").click()
    expect(page.locator(".msg.out .by")).to_have_text("Ana")
    lucia.idle()
    assert [(kind, body) for kind, body, _bytes in lucia.files()] == [("image", "Así quedó")]


def test_what_is_shared_while_nobody_is_signed_in_waits_for_the_sign_in(open_page: OpenPage, lucia: Phone) -> None:
    lucia.say("Hola")
    lucia.idle()
    page = with_worker(open_page())
    page.context.clear_cookies()

    with page.expect_navigation(url="**/login?**"):
        page.evaluate(SHARE, ["Mirá esto", ""])
    page.get_by_label("Correo").fill("ana@example.com")
    page.get_by_label("Contraseña").fill("una clave de prueba")
    page.get_by_role("button", name="Entrar").click()

    expect(page.locator("#shared")).to_have_text("Mirá esto")


def test_what_did_not_arrive_is_said_to_be_lost(open_page: OpenPage) -> None:
    page = open_page("/whatsapp/share?lost=1")

    expect(page.locator("#sharing")).to_contain_text("No llegó lo que compartiste")
    expect(page.locator("#drop-shared")).to_have_text("Cerrar")


def test_the_icon_counts_what_nobody_has_read(open_page: OpenPage, lucia: Phone) -> None:
    page = open_page()
    page.context.add_init_script("""
      window.counts = [];
      navigator.setAppBadge = async (count) => counts.push(count);
      navigator.clearAppBadge = async () => counts.push(0);
    """)
    page.reload()
    until(page, "counts.length === 1")

    lucia.say("Hola")
    lucia.idle()
    look_now(page)

    until(page, "counts.length === 2")
    assert page.evaluate("counts") == [0, 1]

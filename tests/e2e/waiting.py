"""What browser tests wait for: not for time to pass, but until a page has seen what happened, and is at rest."""

from __future__ import annotations

import time

from playwright.sync_api import BrowserContext, Page
from sqlalchemy import select

from app.extensions import db
from app.whatsapp.models import ChangeCounter

POLL = "**/whatsapp/unread*"
# The number of the poll's last answer, as poll.js reads it. One poll goes at a time, so one that was under way when
# something happened is followed by another here.
HEARD = """(number) => {
  const feed = document.querySelector("#whatsapp-feed");
  if (feed.matches(".htmx-request")) return false;
  const tag = feed.getAttribute("hx-ptag");
  if (Number(tag.split("~")[0]) >= number) return true;
  dispatchEvent(new Event("focus"));
  return false;
}"""
# Each piece of the page tells as of which number it was made.
SEEN = """(number) => !document.querySelector(".htmx-request")
  && [...document.querySelectorAll("[data-as-of]")].every((piece) => Number(piece.dataset.asOf) >= number)"""
# What is posted to another tab arrives before this is done.
A_TURN = """new Promise((done) => {
  const talk = new MessageChannel();
  talk.port1.onmessage = done;
  talk.port2.postMessage(0);
})"""
ASKING = "() => Boolean(document.querySelector('.htmx-request'))"
LONGEST = 20  # Seconds that anything here is waited for, as everywhere in these tests.


def look_now(page: Page) -> None:
    """Come back to the tab, which polls at once, unless a poll is under way."""
    page.evaluate("dispatchEvent(new Event('focus'))")


def last_change() -> int:
    """Return the number of the last change that was committed, by whomever."""
    with db.engine.connect() as connection:
        return int(connection.scalar(select(ChangeCounter.value)) or 0)


def heard(page: Page) -> int:
    """Wait until a poll has told the page of all that was committed before this call; return the number of that."""
    number = last_change()
    look_now(page)
    page.wait_for_function(HEARD, arg=number)
    return number


def caught_up(page: Page) -> None:
    """Wait until the page has seen all that was committed before this call, and asks for nothing any more.

    Where something must not be there, or is to be the last that the page hears, this comes before; where something has
    to appear, `expect` alone waits for it, though for up to a pause between two polls.
    """
    number = heard(page)
    page.wait_for_function(SEEN, arg=number)


def halt(context: BrowserContext) -> None:
    """Let no more time pass on the pages of a context but by `let_pass`. What ticks already goes on with the old clock.

    What a page does a moment later waits for that too: after a page is loaded, or a piece of it, comes a `let_pass`.
    """
    now = context.pages[0].evaluate("Date.now()") / 1000
    context.clock.install(time=now)
    context.clock.pause_at(now + 30)  # It runs until then, and goes there at a leap.


def stop_clock(context: BrowserContext) -> None:
    """Halt the clock and load the open pages anew, so that nothing ticks by another."""
    halt(context)
    for page in context.pages:
        page.reload()


def _at_rest(page: Page) -> None:
    """Wait until what the page asked is answered: a busy machine has little time for that, and the page none at all."""
    ends = time.monotonic() + LONGEST
    while page.evaluate(ASKING):
        assert time.monotonic() < ends, "What the page asks is never answered."
        page.wait_for_timeout(20)
        page.clock.run_for(1)  # An answer is put in its place in the next turn of the clock.


def let_pass(context: BrowserContext, seconds: float) -> None:
    """Let time pass on every page, in steps between which what they ask is answered, and what they say arrives."""
    for _ in range(round(seconds * 5)):
        context.clock.run_for(200)
        for page in context.pages:
            page.evaluate(A_TURN)
            _at_rest(page)

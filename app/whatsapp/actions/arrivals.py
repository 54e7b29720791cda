"""Putting a message into its conversation: what webhooks and the sync share. Nothing here commits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from app.coordinaciones.models import Coordinacion
from app.coordinaciones.queries import find_nearest
from app.formats import fold, office_day
from app.twilio.payloads import Inbound
from app.whatsapp import opting, parties
from app.whatsapp.actions.doubts import begin_doubt, is_doubtful, mark_of
from app.whatsapp.actions.merging import absorb, recount_unread, unread_in
from app.whatsapp.actions.telling import tell_of
from app.whatsapp.actions.wanted import rows_of, want_all
from app.whatsapp.bubbles import shown_words
from app.whatsapp.identity import Contact, contact_of
from app.whatsapp.joined import Party
from app.whatsapp.models import Conversation, Message
from app.whatsapp.waiting import answers, asks, find_waiting_since, wait_no_more
from app.whatsapp.window import later, window_after

# People still talk about an event in the days after it; then the next one is what they write about.
_AFTER_THE_EVENT = timedelta(days=7)


def find_or_make_party(session: Session, contact: Contact, now: datetime) -> Party:
    """Return `contact` and its thread, both new if need be; the change counter lets in one writer at a time."""
    party = parties.find_party(contact)
    if party is None:
        conversation = Conversation(
            phone_number=contact.phone,
            phone_key=contact.key,
            user_id=contact.user_id,
            profile_name="",
            last_message_at=now,
            unread_count=0,
        )
        session.add(conversation)
        party = Party(conversation, conversation)
    return party


def learn(session: Session, party: Party, contact: Contact, at: datetime, change: int) -> Party:
    """Keep how WhatsApp itself writes a contact who just wrote, since answers go there; return where it is now.

    Where Twilio gives phone and user id together, and both wrote before as if they were two, they become one: that is
    WhatsApp's own word, and nobody has to decide it. Another user id than this number had is perhaps another person.
    """
    if is_doubtful(party.member, contact.phone, contact.user_id):
        before = party.thread
        party = begin_doubt(session, party, at, change)
        fold_search_text(before, parties.list_joined(before))
    if contact.user_id and contact.user_id != party.member.user_id:
        party = absorb(session, party, contact.user_id, change)
    answered = party.answered
    if contact.phone:
        party.member.phone_number, party.member.phone_key = contact.phone, contact.key
    if answered and not party.own:
        party.thread.answer_to = party.member.own_address
    return party


def follow_opt_out(party: Party, message: Message, told: str) -> None:
    """Keep what a client's message says of getting messages at all; `told` is what Twilio itself took it for."""
    asked = parties.find_words_before(message) if opting.may_be_an_answer(message.body) else ""
    choice = opting.choice_of(message.type, message.body, told, asked)
    if not choice or (choice == "START" and not party.opted_out):
        return  # A "yes" of somebody who gets everything is a yes.
    # A sync may bring late what was said before the opposite was.
    if message.sent_at < party.thread.last_message_at and parties.chose_later(message):
        return
    message.payload = message.payload | {opting.MARK: choice}
    party.set_opted_out(choice == "STOP")


def names_of(row: Conversation) -> tuple[str | None, ...]:
    """Return what a search for a contact looks into."""
    return row.given_name, row.profile_name, row.phone_number, row.user_id


def fold_search_text(conversation: Conversation, joined: Iterable[Conversation] = ()) -> None:
    """Bring up to date what a search looks into: names and numbers, those of `joined` conversations included."""
    parts = [part for row in (conversation, *joined) for part in names_of(row)]
    conversation.search_text = fold(" ".join(dict.fromkeys(part for part in parts if part)))


def _is_current(coordinacion: Coordinacion, on: date) -> bool:
    over = coordinacion.event_on is not None and coordinacion.event_on < on - _AFTER_THE_EVENT
    return coordinacion.archived_at is None and coordinacion.state != "cancelled" and not over


def choose_event(conversation: Conversation, coordinacion_id: int | None) -> None:
    """Hold the conversation to the coordinación that staff chose, or to none."""
    conversation.coordinacion_id, conversation.coordinacion_chosen = coordinacion_id, True


def tie_event(conversation: Conversation, coordinacion: Coordinacion) -> None:
    """Let a conversation be about the coordinación that somebody wrote to its client from.

    Where the number is that coordinación's, the tie is the number's, and goes when that is corrected. Where it is
    another's, or staff had chosen the same in the chat, it is a person's word and stays. While nobody knows whose the
    number is (`former`), it ties nothing.
    """
    by_number = coordinacion.phone_key in parties.phone_keys(conversation)
    chosen = conversation.coordinacion_chosen and conversation.coordinacion_id == coordinacion.id
    if chosen or (by_number and conversation.former is not None):
        return
    conversation.coordinacion_id, conversation.coordinacion_chosen = coordinacion.id, not by_number


def follow_event(conversation: Conversation, at: datetime, phone_key: str | None = None) -> int | None:
    """Return the coordinación of a message of `at`: the thread's while that lasts, else the client's nearest event.

    Nearest as it was then: what a sync brings in the morning may be of the party's night. `phone_key` is the number's
    that it came from, where that was joined to `conversation`.
    """
    on, current = office_day(at), conversation.coordinacion
    if _is_current(current, on) if current is not None else conversation.coordinacion_chosen:
        return conversation.coordinacion_id
    keys = (key for key in (phone_key, conversation.phone_key) if key)
    nearest = next((found for key in keys if (found := find_nearest(key, on))), None)
    # What staff chose, be it over, gives way only to an event that lasts: the client's own older ones are no better.
    if nearest is not None and (not conversation.coordinacion_chosen or _is_current(nearest, on)):
        conversation.coordinacion_id, conversation.coordinacion_chosen = nearest.id, False
    return conversation.coordinacion_id


def place_last(session: Session, conversation: Conversation, message: Message, change: int) -> None:
    """Make `message` the conversation's last line, unless a newer one is there already; see whether it waits then."""
    conversation.change = change
    if conversation.last_message_id is not None and message.sent_at < conversation.last_message_at:
        conversation.waiting_since = find_waiting_since(session, conversation)
        return
    conversation.last_message_id, conversation.last_message_at = message.id, message.sent_at
    if answers(message):
        wait_no_more(conversation)
    elif asks(message) and conversation.waiting_since is None:
        conversation.waiting_since = message.sent_at


def fold_message(message: Message) -> None:
    """Bring up to date what a search finds of a message: its words, and what else its bubble shows."""
    message.search_text = fold(" ".join((message.body, *shown_words(message))))


def is_taken_back(inbound: Inbound) -> bool:
    """Tell whether a client took a reaction back, which is nothing to read."""
    return inbound.type == "reaction" and not inbound.body


def redraw_original(session: Session, inbound: Inbound, change: int) -> None:
    """Give the message that a reaction answers a new number: the reaction stands under it, in open threads too."""
    if inbound.type == "reaction" and inbound.reply_to_sid:
        original = update(Message).where(Message.message_sid == inbound.reply_to_sid).values(change=change)
        session.execute(original.execution_options(synchronize_session=False))


def _message_of(inbound: Inbound, party: Party, sent_at: datetime, change: int, now: datetime) -> Message:
    return Message(
        conversation_id=party.thread.id,
        coordinacion_id=party.thread.coordinacion_id,
        joined_from_id=party.joined_from_id,
        direction="inbound",
        type=inbound.type,
        body=inbound.body,
        from_number=inbound.from_number,
        to_number=inbound.to_number,
        status="received",
        message_sid=inbound.message_sid,
        location=inbound.location,
        reply_to_sid=inbound.reply_to_sid,
        payload=inbound.payload | mark_of(party.member, sent_at),
        sent_at=sent_at,
        read_at=now if is_taken_back(inbound) else None,
        created_at=now,
        change=change,
        media=rows_of(inbound.media),
    )


def store_inbound(session: Session, inbound: Inbound, sent_at: datetime, change: int, now: datetime) -> Message:
    """Store a client's message of `sent_at`: one more unread, and the window open again for a day.

    Raises IntegrityError when its sid is stored already.
    """
    contact = contact_of(inbound.sender)
    party = find_or_make_party(session, contact, now)
    known = None if party.member in session.new else names_of(party.member)
    if known is None:
        follow_event(party.thread, sent_at, party.member.phone_key)
        session.flush()
    else:
        party = learn(session, party, contact, sent_at, change)
        follow_event(party.thread, sent_at, party.member.phone_key)
    message = _message_of(inbound, party, sent_at, change, now)
    fold_message(message)
    session.add(message)
    session.flush()
    redraw_original(session, inbound, change)
    # What the conversation learns comes after its message, so that it is written once.
    thread, member = party.thread, party.member
    member.profile_name = inbound.profile_name or member.profile_name or ""
    if names_of(member) != known:
        fold_search_text(thread, parties.list_joined(thread))
    newest = thread.window_expires_at is None or window_after(sent_at) >= thread.window_expires_at
    party.set_window(later(party.window_expires_at, window_after(sent_at)))
    follow_opt_out(party, message, inbound.opt_out)
    if newest:
        party.turn_here()
    thread.unread_count += 0 if is_taken_back(inbound) else 1
    member.change = change
    place_last(session, thread, message, change)
    want_all(session, message)
    if not is_taken_back(inbound):
        tell_of(session, message, now)
    return message


def mark_read_where(session: Session, conversation: Conversation, seen: ColumnElement[bool], now: datetime) -> None:
    """Count as read the client's messages for which `seen` holds, and count anew what is left."""
    read = update(Message).where(*unread_in(conversation), seen).values(read_at=now)
    session.execute(read.execution_options(synchronize_session=False))
    recount_unread(session, conversation)

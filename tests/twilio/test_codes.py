"""Every error that Twilio may give is said in words."""

from __future__ import annotations

from flask import Flask

from app.twilio.codes import ACCOUNT_WIDE, REFUSED_AT_ONCE, Step, explain

# Those of Twilio's error reference that a WhatsApp message can meet; tests/whatsapp/test_outcomes.py shows each.
# fmt: off
CODES = [
    20003, 20005, 20404, 20429, 20500, 21211, 21212, 21408, 21602, 21603, 21604, 21606, 21608, 21609, 21610, 21614,
    21617, 21620,
    21654, 21655, 21656, 21658, 30001, 30410, 63003, 63005, 63006, 63007, 63009, 63010, 63012, 63013, 63014, 63015,
    63016, 63017, 63018, 63019, 63020, 63021, 63024, 63027, 63028, 63030, 63032, 63033, 63034, 63038, 63040, 63041,
    63042, 63049, 63051,
]
# fmt: on
MAY_BE_SENT_AGAIN = {20429, 20500, 21620, 30001, 30410, 63009, 63010, 63012, 63017, 63018, 63019, 63038}


def test_each_code_has_its_sentence_and_next_step(app: Flask) -> None:
    for code in CODES:
        known = explain(code)

        assert known is not None, code
        assert str(known.sentence).endswith("."), code
        assert known.retry == (code in MAY_BE_SENT_AGAIN), code
        assert known.retry or known.step is not Step.NONE, code
        assert known.wait is None or known.retry, code


def test_what_stops_every_message_is_told_to_an_admin(app: Flask) -> None:
    assert REFUSED_AT_ONCE < ACCOUNT_WIDE < {*CODES}
    for code in ACCOUNT_WIDE:
        known = explain(code)
        assert known is not None, code
        assert known.step is Step.TELL, code


def test_a_code_of_tomorrow_has_no_sentence_of_ours(app: Flask) -> None:
    assert explain(99999) is None

"""What the office paid: by month, category and coordinación, exactly, each currency by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from flask import Flask

from app.auth.models import User
from app.extensions import db, utcnow
from app.formats import app_zone
from app.whatsapp.costs import queries
from app.whatsapp.costs.chart import HEIGHT, build_blocks
from app.whatsapp.costs.labels import format_cost, format_price
from app.whatsapp.costs.months import Month, last_months, month_of, this_month
from app.whatsapp.costs.queries import CHARGED_ALIKE_SINCE, Estimate, find_estimate
from app.whatsapp.models import Conversation, Message
from tests.browser import SignedInClient
from tests.factories import Factories

SignIn = Callable[[User], SignedInClient]
Pay = Callable[..., Message]


@pytest.fixture
def admin(sign_in: SignIn, carla: User) -> SignedInClient:
    return sign_in(carla)


@pytest.fixture
def conversation(factories: Factories) -> Conversation:
    return factories.conversation()


@pytest.fixture
def pay(factories: Factories, conversation: Conversation) -> Pay:
    """Return a function that stores a message which cost something."""

    def paid(price: str, unit: str = "USD", to: Conversation | None = None, **fields: Any) -> Message:
        defaults = {"direction": "outbound", "status": "read", "price": Decimal(price), "price_unit": unit}
        return factories.message(to or conversation, **(defaults | fields))

    return paid


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).replace("\xa0", " ").split())


# Sums


def test_tenths_of_cents_add_up_exactly(pay: Pay) -> None:
    for _number in range(30):
        pay("0.1")
        pay("0.000001")

    (only,) = queries.list_sums(last_months(12))

    assert (only.amount, only.count, only.currency) == (Decimal("3.000030"), 60, "USD")


def test_currencies_are_never_one_sum(pay: Pay, admin: SignedInClient, factories: Factories) -> None:
    event = factories.coordinacion()
    pay("0.50", coordinacion_id=event.id)
    pay("20", "ARS", coordinacion_id=event.id)

    blocks = build_blocks(queries.list_sums(last_months(12)), last_months(12))
    page = words(admin.get("/whatsapp/costs").text)

    assert {block.currency: block.total for block in blocks} == {"USD": Decimal("0.5"), "ARS": Decimal(20)}
    assert "Último año: US$ 0,50" in page
    assert "Último año: $ 20,00" in page
    own = words(admin.htmx("GET", f"/whatsapp/coordinaciones/{event.id}/cost").text)
    assert "$ 20,00 (1 mensaje) + US$ 0,50 (1 mensaje)." in own


def test_each_message_counts_for_what_it_is(pay: Pay) -> None:
    pay("1", direction="inbound", status="received")
    pay("2")
    pay("3", type="template", category="utility")
    pay("4", type="template", category="MARKETING")
    pay("5", type="template")

    sums = {one.category: one.amount for one in queries.list_sums(last_months(12))}

    assert sums == {"inbound": 1, "service": 2, "utility": 3, "marketing": 4, "unknown": 5}


def test_a_month_begins_at_the_offices_midnight(pay: Pay) -> None:
    now = this_month()
    midnight = datetime(now.year, now.number, 1, tzinfo=app_zone())
    pay("1", sent_at=midnight - timedelta(seconds=1))
    pay("2", sent_at=midnight)

    sums = {one.month: one.amount for one in queries.list_sums(last_months(12))}

    assert sums == {now.after(-1): 1, now: 2}


def test_the_small_hours_of_the_first_are_in_the_month_whose_bill_they_are_on(app: Flask) -> None:
    assert month_of(datetime(2026, 12, 1, 2, 0, tzinfo=app_zone())) == Month(2026, 12)
    assert month_of(datetime(2026, 11, 30, 23, 59, tzinfo=app_zone())) == Month(2026, 11)


def test_what_is_older_than_a_year_is_left_out(pay: Pay) -> None:
    oldest = last_months(12)[0]
    pay("1", sent_at=oldest.start - timedelta(seconds=1))
    pay("2", sent_at=oldest.start)

    assert [one.amount for one in queries.list_sums(last_months(12))] == [2]


def test_months_go_on_over_the_year() -> None:
    assert Month(2026, 1).after(-1) == Month(2025, 12)
    assert Month(2026, 12).after(1) == Month(2027, 1)
    assert Month(2026, 3).after(-15) == Month(2024, 12)
    assert str(Month(2026, 3)) == "2026-03"


# The page


def test_the_page_says_the_same_as_picture_and_as_table(pay: Pay, admin: SignedInClient) -> None:
    pay("0.031", type="template", category="utility")
    pay("0.0668", type="template", category="marketing")

    page = admin.get("/whatsapp/costs").text

    assert re.search(r'<rect [^>]*fill="url\(#cost-USD-utility\)"[^>]*><title>[^<]*US\$\s0,03</title>', page)
    assert "Plantillas de publicidad" in words(page)  # As the templates' own pages call them.
    assert "Total US$ 0,07 US$ 0,03 US$ 0,10" in words(page)
    assert "USD" not in words(page.split("<table")[0].split("<h2")[1])  # The sign says it already.
    assert "style=" not in page


def test_the_pieces_of_a_bar_meet_and_fill_it(pay: Pay) -> None:
    for category, price in (("utility", "0.0333"), ("marketing", "0.0333"), ("authentication", "0.000001")):
        pay(price, type="template", category=category)

    (block,) = build_blocks(queries.list_sums(last_months(12)), last_months(12))
    pieces = block.bars[-1].pieces

    assert pieces[0].y + pieces[0].height == HEIGHT
    assert pieces[1].y + pieces[1].height == pieces[0].y
    assert all(piece.height >= 1 for piece in pieces)
    assert [bar.pieces for bar in block.bars[:-1]] == [()] * 11


def test_a_page_without_any_price_says_when_there_will_be_some(admin: SignedInClient) -> None:
    assert "Todavía no hay precios." in words(admin.get("/whatsapp/costs").text)


def test_what_has_no_price_is_told_and_what_failed_is_not(
    admin: SignedInClient, conversation: Conversation, factories: Factories
) -> None:
    factories.message(conversation, direction="outbound", status="read")
    factories.message(conversation)
    factories.message(conversation, direction="outbound", status="failed", error_code=63016)

    assert "2 mensajes del último año no tienen precio" in words(admin.get("/whatsapp/costs").text)


def test_the_dearest_coordinaciones_come_first_page_by_page(
    pay: Pay, admin: SignedInClient, factories: Factories
) -> None:
    for number in range(25):
        pay(str(number + 1), coordinacion_id=factories.coordinacion(title=f"Fiesta de {number + 1} pesos").id)

    first, second = (words(admin.get(f"/whatsapp/costs?page={page}").text) for page in (1, 2))

    assert first.index("Fiesta de 25 pesos") < first.index("Fiesta de 24 pesos")
    assert "Fiesta de 5 pesos" not in first
    assert "Siguientes" in first
    assert "Fiesta de 5 pesos" in second
    assert "Siguientes" not in second
    assert admin.get("/whatsapp/costs?page=0").status_code == 422


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "es_AR",
            [
                "Mes;Categoría;Moneda;Mensajes;Costo",
                "{month};Respuestas en las 24 h;ARS;1;0,005000",
                "{month};Plantillas de servicio;USD;1;0,031000",
            ],
        ),
        (
            "en",
            [
                "Month,Category,Currency,Messages,Cost",
                "{month},Answers within the 24 h,ARS,1,0.005000",
                "{month},Service templates,USD,1,0.031000",
            ],
        ),
    ],
)
def test_the_numbers_can_be_taken_away_as_the_offices_spreadsheet_reads_them(
    pay: Pay, admin: SignedInClient, monkeypatch: pytest.MonkeyPatch, language: str, lines: list[str]
) -> None:
    monkeypatch.setitem(admin.application.config, "APP_LANGUAGE", language)
    pay("0.031", type="template", category="utility")
    pay("0.005", "ARS")

    answer = admin.get("/whatsapp/costs/costs.csv")

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="whatsapp-costs.csv"'
    assert answer.data.startswith(b"\xef\xbb\xbf")  # Without it Excel takes the accents for something else.
    assert answer.data.decode("utf-8-sig").splitlines() == [line.format(month=this_month()) for line in lines]


def test_staff_see_what_their_coordinacion_cost_and_not_the_offices_books(
    sign_in: SignIn, ana: User, pay: Pay, factories: Factories, conversation: Conversation
) -> None:
    event, other = factories.coordinacion(), factories.coordinacion()
    pay("0.031", coordinacion_id=event.id)
    factories.message(conversation, coordinacion_id=event.id)
    browser = sign_in(ana)

    own = words(browser.htmx("GET", f"/whatsapp/coordinaciones/{event.id}/cost").text)

    assert own == "WhatsApp costó US$ 0,03 (1 mensaje). 1 mensaje sin precio por ahora."
    nothing = browser.htmx("GET", f"/whatsapp/coordinaciones/{other.id}/cost").text
    assert words(nothing) == "WhatsApp todavía no costó nada."
    assert f'hx-get="/whatsapp/coordinaciones/{event.id}/cost"' in browser.get(f"/coordinaciones/{event.id}").text
    assert browser.htmx("GET", "/whatsapp/coordinaciones/999/cost").status_code == 404
    assert browser.get("/whatsapp/costs").status_code == 403


# Rates and estimates


def rates(**fields: str) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in fields.items()}


def test_an_admin_writes_rates_down_and_takes_them_back(admin: SignedInClient) -> None:
    given = rates(price_utility="0,0625", currency_utility="usd", price_marketing="1.5", currency_marketing="ARS")
    answer = admin.post("/whatsapp/costs/rates", data={"csrf_token": admin.csrf, **given})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/whatsapp/costs?kept=1#rates")
    assert kept_rates() == {"utility": (Decimal("0.0625"), "USD"), "marketing": (Decimal("1.5"), "ARS")}
    assert 'value="0.0625"' in admin.get("/whatsapp/costs").text

    admin.post("/whatsapp/costs/rates", data={"csrf_token": admin.csrf, **given, "price-marketing": ""})

    assert set(kept_rates()) == {"utility"}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("price-utility", "gratis", "Escribí un precio"),
        ("price-utility", "-1", "Escribí un precio"),
        ("price-utility", "1e5", "Escribí un precio"),
        ("price-utility", "0.0000001", "Escribí un precio"),
        ("price-utility", "٣", "Escribí un precio"),
        ("currency-utility", "dólares", "tres letras"),
        ("currency-utility", "", "tres letras"),
    ],
)
def test_a_rate_that_is_none_goes_back_to_its_field_with_all_that_was_typed(
    admin: SignedInClient, field: str, value: str, said: str
) -> None:
    given = {"price-utility": "1", "currency-utility": "USD", "price-marketing": "0,5", "currency-marketing": "USD"}

    answer = admin.post("/whatsapp/costs/rates", data={"csrf_token": admin.csrf, **given, field: value})

    assert (answer.status_code, said in answer.text) == (422, True)
    assert 'value="0,5"' in answer.text
    assert kept_rates() == {}


def kept_rates() -> dict[str, tuple[Decimal, str]]:
    db.session.rollback()
    return {category: (rate.price, rate.currency) for category, rate in queries.list_rates().items()}


def template(pay: Pay, price: str, **fields: Any) -> Message:
    return pay(price, **({"type": "template", "category": "utility"} | fields))


def test_an_estimate_is_what_the_office_paid_in_the_middle(pay: Pay, conversation: Conversation) -> None:
    template(pay, "7", created_at=utcnow() - timedelta(days=91))
    for price in ("0.01", "0.03", "0.9"):
        template(pay, price)
    template(pay, "5", category="marketing")

    assert find_estimate("UTILITY", conversation, utcnow()) == Estimate(Decimal("0.03"), "USD", learned=True)


def test_what_was_paid_before_meta_charged_in_the_window_is_no_guide(pay: Pay, conversation: Conversation) -> None:
    before, after = CHARGED_ALIKE_SINCE - timedelta(days=1), CHARGED_ALIKE_SINCE + timedelta(days=1)
    template(pay, "0.005", sent_at=before, created_at=before)
    template(pay, "0.005", sent_at=before, created_at=after)  # Brought in late.
    soon_after = find_estimate("utility", conversation, after)

    template(pay, "0.031", sent_at=after, created_at=after)

    assert soon_after is None
    assert find_estimate("utility", conversation, after) == Estimate(Decimal("0.031"), "USD", learned=True)


def test_another_country_has_a_price_of_its_own(pay: Pay, factories: Factories, conversation: Conversation) -> None:
    mexican = factories.conversation("+5215512345678")
    nameless = factories.conversation(None, user_id="AR.456")
    template(pay, "0.02", to=mexican)
    template(pay, "0.03")

    found = {one.address: find_estimate("utility", one, utcnow()) for one in (mexican, nameless, conversation)}

    assert {address: one and one.amount for address, one in found.items()} == {
        "+5215512345678": Decimal("0.02"),
        "AR.456": Decimal("0.03"),
        "+5491155550101": Decimal("0.03"),
    }


def test_an_estimate_keeps_to_the_currency_of_today(pay: Pay, conversation: Conversation) -> None:
    template(pay, "900", unit="ARS")
    template(pay, "0.03")

    assert find_estimate("utility", conversation, utcnow()) == Estimate(Decimal("0.03"), "USD", learned=True)


def estimate_in(page: str) -> str:
    found = re.search(r'<p id="cost-estimate".*?</p>', page, re.DOTALL)
    return words(found[0]) if found else ""


def test_before_there_is_history_the_rate_counts_and_else_nobody_knows(
    admin: SignedInClient, factories: Factories, conversation: Conversation
) -> None:
    url = f"/whatsapp/conversations/{conversation.id}/picker/{factories.template().id}"
    assert estimate_in(admin.htmx("GET", url).text) == "Todavía no sabemos cuánto cuesta."

    given = {"price-utility": "0.0625", "currency-utility": "USD"}
    admin.post("/whatsapp/costs/rates", data={"csrf_token": admin.csrf, **given})

    said = estimate_in(admin.htmx("GET", url).text)
    assert said == "Cuesta cerca de US$ 0,0625, según la tarifa que cargó el administrador."


def test_an_estimate_from_history_says_so_wherever_the_form_is_shown(
    admin: SignedInClient, pay: Pay, factories: Factories, conversation: Conversation
) -> None:
    template(pay, "0.031")
    chat, template_id = f"/whatsapp/conversations/{conversation.id}", factories.template().id

    page = admin.get(f"{chat}/templates/{template_id}").text
    refused = admin.htmx("POST", f"{chat}/templates/{template_id}", data={"v-1": "Lucía"}).text

    said = estimate_in(page)
    assert estimate_in(refused) == said
    assert said == "Cuesta cerca de US$ 0,031, por lo que venimos pagando."


def test_amounts_have_two_places_and_more_below_a_cent(admin: SignedInClient) -> None:
    amounts = ("0.651", "0.3", "0.010000", "0.005000", "0.000001", "12", "1234.5", "0")
    with admin.application.test_request_context():
        said = [format_cost(Decimal(text), "USD").replace("\xa0", " ") for text in amounts]
        price = format_price(Decimal("0.062500"), "USD").replace("\xa0", " ")

    assert said == [
        *("US$ 0,65", "US$ 0,30", "US$ 0,01", "US$ 0,005", "US$ 0,000001"),
        *("US$ 12,00", "US$ 1.234,50", "US$ 0,00"),
    ]
    assert price == "US$ 0,0625"  # That of one message is said whole.


def test_the_amounts_of_a_column_have_as_many_places_each(pay: Pay, admin: SignedInClient) -> None:
    pay("0.005", type="template", category="utility")
    pay("12.3", type="template", category="utility", sent_at=last_months(2)[0].start)
    pay("0.507")

    page = words(admin.get("/whatsapp/costs").text)

    assert "US$ 0,005 US$ 0,51 US$ 0,51" in page
    assert "Total US$ 12,305 US$ 0,51 US$ 12,81" in page


# One message


def test_a_message_says_what_it_cost(pay: Pay, admin: SignedInClient, conversation: Conversation) -> None:
    pay("0.0263")
    pay("0")

    page = admin.get(f"/whatsapp/conversations/{conversation.id}").text.replace("\xa0", " ")

    assert re.findall(r'<time [^>]*title="([^"]*)"', page) == ["Costó US$ 0,0263."]

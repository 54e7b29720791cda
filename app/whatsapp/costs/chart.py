"""The picture of a year: one bar for each month, stacked by category, in whole units of an SVG. No colour is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.whatsapp.costs.categories import CATEGORIES
from app.whatsapp.costs.months import Month, Sum

HEIGHT, BAR, GAP = 180, 34, 18


@dataclass(frozen=True)
class Piece:
    """The part of a bar that is one category's: its place, and what it stands for."""

    category: str
    y: int
    height: int
    amount: Decimal


@dataclass(frozen=True)
class Bar:
    """One month: where it stands, its pieces from below, and their sum."""

    month: Month
    x: int
    pieces: tuple[Piece, ...]
    amount: Decimal
    top: int


@dataclass(frozen=True)
class Block:
    """All that was paid in one currency: by month and category, as numbers and as bars. One sum for each `months`."""

    currency: str
    months: tuple[Month, ...]
    categories: tuple[str, ...]
    cells: dict[tuple[Month, str], Decimal]
    by_month: dict[Month, Decimal]
    by_category: dict[str, Decimal]
    total: Decimal
    count: int
    bars: tuple[Bar, ...]

    @property
    def width(self) -> int:
        """Return how wide the picture is, in its own units."""
        return len(self.months) * (BAR + GAP) + GAP

    def column(self, category: str = "") -> list[Decimal]:
        """Return all that stands in the column of `category`, or in that of the totals."""
        if not category:
            return [*self.by_month.values(), self.total]
        return [self.cells.get((month, category), Decimal(0)) for month in self.months] + [self.by_category[category]]


def _scaled(amount: Decimal, most: Decimal) -> int:
    return int((amount * HEIGHT / most).to_integral_value()) if most > 0 else 0


def _bar(number: int, month: Month, cells: dict[tuple[Month, str], Decimal], most: Decimal) -> Bar:
    pieces: list[Piece] = []
    below = Decimal(0)
    for category in CATEGORIES:
        amount = cells.get((month, category), Decimal(0))
        if amount > 0:
            # Each edge is rounded by itself, so that the pieces meet whatever their heights.
            bottom, top = _scaled(below, most), _scaled(below + amount, most)
            pieces.append(Piece(category, HEIGHT - top, max(top - bottom, 1), amount))
            below += amount
    return Bar(month, GAP + number * (BAR + GAP), tuple(pieces), below, HEIGHT - _scaled(below, most))


def build_blocks(sums: Sequence[Sum], months: Sequence[Month]) -> list[Block]:
    """Return a block for each currency in `sums`, the one with the most messages first."""
    blocks = [_block(unit, [cost for cost in sums if cost.currency == unit], months) for unit in _currencies(sums)]
    return sorted(blocks, key=lambda block: (-block.count, block.currency))


def _currencies(sums: Sequence[Sum]) -> list[str]:
    return sorted({cost.currency for cost in sums})


def _block(currency: str, sums: Sequence[Sum], months: Sequence[Month]) -> Block:
    cells: dict[tuple[Month, str], Decimal] = {}
    for cost in sums:
        kind = cost.category if cost.category in CATEGORIES else "unknown"
        cells[cost.month, kind] = cells.get((cost.month, kind), Decimal(0)) + cost.amount
    categories = tuple(kind for kind in CATEGORIES if any(category == kind for _month, category in cells))
    nothing = Decimal(0)
    by_month = {month: sum((cells.get((month, kind), nothing) for kind in categories), nothing) for month in months}
    most = max(by_month.values(), default=nothing)
    return Block(
        currency=currency,
        months=tuple(months),
        categories=categories,
        cells=cells,
        by_month=by_month,
        by_category={
            kind: sum((cells.get((month, kind), nothing) for month in months), nothing) for kind in categories
        },
        total=sum(by_month.values(), nothing),
        count=sum(cost.count for cost in sums),
        bars=tuple(_bar(number, month, cells, most) for number, month in enumerate(months)),
    )

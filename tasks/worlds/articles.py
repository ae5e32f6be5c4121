"""Short articles with the one sentence that sums them up.

An article tells of one deed: who did it, what, where and when, in as many sentences. Some of these correct what was
said before, or deny it; others are of other people's deeds, about other things, and begin "Elsewhere" or the like.
Each sentence names whom or what it is about, so that an article has one summary.

What is held out are the pairs of a first name with a surname, of a verb with its object and of a trade with a town.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .grammar import TEST_SIZE, Draw, Example, Split, examples


def words(text: str) -> list[str]:
    """A list written as a text."""
    return text.split()


FIRST_NAMES = words("Anna Boris Clara David Emma Felix Greta Henry Irene Jonas Karin Louis Maria Nils Paula Robert")
SURNAMES = words("Abbot Berger Carver Dorn Ellis Fisher Grant Holm Jensen Keller Lund Moser Novak Porter Quint Weber")
TRADES = words("baker teacher painter doctor carpenter gardener sailor plumber tailor farmer writer pilot")
TOWNS = words("Arnstad Belmont Corby Dunmore Elbing Fairhaven Glenford Harwick Kelso Lanport Milfort Norden")
DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
VERBS = words("opened painted restored repaired photographed designed inspected rented sold bought")
OBJECTS = words("bakery theatre lighthouse bridge windmill fountain library museum chapel ferry barn statue")
ASIDES = ("Elsewhere,", "Last year,", "In another story,", "In other news,")
FILLERS = (
    "Many people came to watch.",
    "The weather was fine.",
    "The mayor was pleased.",
    "A band played until the evening.",
    "Nobody had expected it.",
    "The neighbours were surprised.",
)


@dataclass(frozen=True)
class Deed:
    """What an article is about."""

    name: str
    trade: str
    verb: str
    thing: str
    town: str
    day: str

    @property
    def surname(self) -> str:
        """The last of its names."""
        return self.name.split()[-1]

    def summary(self) -> str:
        """The whole of it in one sentence."""
        return f"The {self.trade} {self.name} {self.verb} a {self.thing} in {self.town} on {self.day}."


def _name(draw: Draw) -> str:
    pick: Callable[[], tuple[str, str]] = lambda: (draw.one(FIRST_NAMES), draw.one(SURNAMES))  # noqa: E731
    return " ".join(draw.together(pick, lambda name: ("articles", "name", *name)))


def _deed(draw: Draw) -> Deed:
    verb, thing = draw.together(lambda: (draw.one(VERBS), draw.one(OBJECTS)), lambda deed: ("articles", "deed", *deed))
    trade, town = draw.together(
        lambda: (draw.one(TRADES), draw.one(TOWNS)), lambda place: ("articles", "place", *place)
    )
    return Deed(_name(draw), trade, verb, thing, town, draw.one(DAYS))


def _other(draw: Draw, choices: list[str], than: str) -> str:
    return draw.one([choice for choice in choices if choice != than])


def _lead(draw: Draw, deed: Deed) -> tuple[str, list[str]]:
    """The first sentence, and the one that corrects it where it is wrong."""
    if draw.maybe(0.3):
        wrong = _name(draw)
        while wrong.split()[-1] == deed.surname:
            wrong = _name(draw)
        lead = draw.one((f"A {deed.thing} was {deed.verb} by {wrong}.", f"{wrong} {deed.verb} a {deed.thing}."))
        return lead, [f"It was not {wrong}, we now know, but the {deed.trade} {deed.name}."]
    if draw.maybe(0.3):
        wrong = _other(draw, OBJECTS, deed.thing)
        lead = f"{deed.name}, a {deed.trade}, {deed.verb} a {wrong}."
        return lead, [f"What we called a {wrong} is a {deed.thing}."]
    home = _other(draw, TOWNS, deed.town)
    lead = draw.one(
        (
            f"{deed.name}, a {deed.trade}, {deed.verb} a {deed.thing}.",
            f"{deed.name}, a {deed.trade} from {home}, {deed.verb} a {deed.thing}.",
            f"A {deed.thing} was {deed.verb} by the {deed.trade} {deed.name}.",
        )
    )
    return lead, []


def _where(draw: Draw, deed: Deed) -> str:
    wrong = _other(draw, TOWNS, deed.town)
    return draw.one(
        (
            f"{deed.surname} was in {deed.town} for this.",
            f"The {deed.thing} is in {deed.town}.",
            f"{deed.surname} did it in {deed.town}, not in {wrong}.",
            f"First reports placed the {deed.thing} in {wrong}, but it is in {deed.town}.",
            f"{deed.surname} left {wrong} and went to {deed.town} for this.",
        )
    )


def _when(draw: Draw, deed: Deed) -> str:
    wrong = _other(draw, DAYS, deed.day)
    return draw.one(
        (
            f"{deed.surname} chose {deed.day} for it.",
            f"{deed.surname} did so on {deed.day}.",
            f"{deed.surname} planned it for {wrong} but did it on {deed.day}.",
            f"The {deed.thing} was {deed.verb} on {deed.day}, not on {wrong}.",
        )
    )


def _aside(draw: Draw, article: str) -> str:
    """Another's deed, with no name and nothing in it that the article has told of."""
    while True:
        deed = _deed(draw)
        if deed.surname not in article and deed.thing not in article:
            return f"{draw.one(ASIDES)} {deed.name} {deed.verb} a {deed.thing} in {deed.town} on {deed.day}."


def _article(draw: Draw) -> tuple[str, str, str]:
    deed = _deed(draw)
    lead, correction = _lead(draw, deed)
    kind = "corrected" if correction else "plain"
    sentences = correction + draw.some([_where(draw, deed), _when(draw, deed)], 2)
    told = " ".join((lead, *sentences))
    for _ in range(draw.one((0, 1, 1, 2))):
        sentences.insert(draw.random.randrange(len(sentences) + 1), _aside(draw, told))
    for filler in draw.some(FILLERS, max(draw.one((0, 1)), 3 - len(sentences))):
        sentences.insert(draw.random.randrange(len(sentences) + 1), filler)
    return " ".join((lead, *sentences)), deed.summary(), kind


def articles(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Example]:
    """Articles with their summary."""
    return examples(_article, split, count, seed)

"""Sentences with one word left out that the rest of the sentence decides: by grammar, by what words mean, by what was
said before.

What is held out is the pair of words that decides together: a verb with its subject, an adjective with its noun, a
person with a possession. Each fact of grammar or vocabulary (the past of `sing`, the opposite of `hot`) occurs in
training, in other sentences.
"""

from __future__ import annotations

from .grammar import TEST_SIZE, Draw, Example, NoneLeftError, Split, examples
from .vocabulary import (
    CAPITALS,
    DAYS,
    DEGREES,
    KIN,
    KINDS,
    MANY,
    MATTERS,
    MEN,
    MONTHS,
    NUMBERS,
    OPPOSITES,
    PLACES,
    PLURALS,
    PREPOSITIONS,
    THINGS,
    VERBS,
    WOMEN,
)

MASK = "<mask>"
"""What stands for the word that is left out, as the documented checkpoint writes it."""

Filled = tuple[str, str, str]
"""The sentence with `MASK`, the word that it stands for, and the kind of sentence."""


def _person(draw: Draw) -> tuple[str, str]:
    """Somebody, and the pronoun for them."""
    pronoun = draw.one(("she", "he"))
    if draw.maybe(0.6):
        return draw.one(WOMEN if pronoun == "she" else MEN), pronoun
    return "the " + draw.one(KIN[pronoun]), pronoun


def _start(text: str) -> str:
    return text[0].upper() + text[1:]


def _a(word: str, substitute: str = "") -> str:
    """The word, or what is shown in its place, after the article that the word asks for."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {substitute or word}"


def _verb_form(draw: Draw) -> Filled:
    """The form of a verb that time and helper ask for. The verb stands in the sentence in another form."""
    who, pronoun = _person(draw)
    verb = draw.together(lambda: draw.one(VERBS), lambda verb: ("cloze", "verb", who, verb[0]))
    base, present, past, participle, objects = verb
    first, second = draw.some(objects, 2)
    text, truth = draw.one(
        (
            (f"{who} {present} {first} every day, and yesterday {pronoun} {MASK} {second}.", past),
            (f"{who} {past} {first} last week, and now {pronoun} often {MASK} {second}.", present),
            (f"{who} {past} {first} yesterday and will {MASK} {second} tomorrow.", base),
            (f"{who} often {present} {first}, but {pronoun} has never {MASK} {second}.", participle),
            (f"{who} did not {base} {first}; {pronoun} {MASK} {second} instead.", past),
            (f"{who} tried to {base} {first}, but in the end {second} was {MASK}.", participle),
            (f"yesterday {who} {past} {first}. Does {pronoun} also {MASK} {second}?", base),
        )
    )
    return _start(text), truth, "verb-form"


def _copula(draw: Draw) -> Filled:
    """Number and time decide the form of `be`; the noun nearest to it is often of the other number."""
    singular = draw.maybe(0.5)
    thing = draw.together(
        lambda: (draw.one(tuple(PLURALS)[:16]), draw.one(PLACES)), lambda pair: ("cloze", "copula", *pair)
    )
    head = thing[0] if singular else PLURALS[thing[0]]
    near = draw.one(
        (
            f" of the {draw.one(MANY)}",
            f" of the {draw.one(KIN['she'] + KIN['he'])}",
            f" that the {draw.one(MANY)} lost",
            f" near the {draw.one(tuple(PLURALS.values()))}",
            "",
        )
    )
    when, form = draw.one(
        (
            ("Today", ("is", "are")),
            ("At this moment", ("is", "are")),
            ("Yesterday", ("was", "were")),
            ("Last night", ("was", "were")),
            ("Tomorrow", ("will", "will")),
        )
    )
    rest = "be " if form[0] == "will" else ""
    return f"{when} the {head}{near} {MASK} {rest}on the {thing[1]}.", form[0 if singular else 1], "copula"


def _plural(draw: Draw) -> Filled:
    one, owner = draw.together(
        lambda: (draw.one(tuple(PLURALS)), draw.one(WOMEN + MEN)), lambda pair: ("cloze", "plural", *pair)
    )
    count = draw.one(NUMBERS[1:])
    return draw.one(
        (
            (f"{owner} has seen one {one}, but most people have seen {count} {MASK}.", PLURALS[one], "plural"),
            (f"{owner} wanted {count} {PLURALS[one]} and got a single {MASK}.", one, "plural"),
        )
    )


def _reflexive(draw: Draw) -> Filled:
    """The pronoun goes back to the subject, not to the noun between."""
    number = draw.one(("she", "he", "they"))
    many, single = draw.one(MANY), draw.one(KIN[draw.one(("she", "he"))])
    head = many if number == "they" else draw.one(KIN[number])
    verb = draw.together(
        lambda: draw.one(("saw", "hurt", "washed", "blamed", "praised", "cut", "burnt", "taught", "introduced", "hid")),
        lambda verb: ("cloze", "reflexive", head, verb),
    )
    between = draw.one(
        (f" beside the {single}", f" behind the {many}", f" who knew the {single}", f" that the {many} met", "")
    )
    if between.endswith(f" {head}"):
        raise NoneLeftError("the same word twice")
    own = {"she": ("herself", "her"), "he": ("himself", "his"), "they": ("themselves", "their")}[number]
    return draw.one(
        (
            (f"The {head}{between} {verb} {MASK} and no one else.", own[0], "reflexive"),
            (f"The {head}{between} {verb} nobody but {MASK}.", own[0], "reflexive"),
            (f"The {head}{between} lost {MASK} own {draw.one(THINGS)}.", own[1], "reflexive"),
        )
    )


def _opposite(draw: Draw) -> Filled:
    first, second, noun = draw.together(lambda: _polar(draw), lambda drawn: ("cloze", "opposite", drawn[0], drawn[2]))
    who = draw.one(WOMEN + MEN)
    text = draw.one(
        (
            f"{who} says that the {noun} is not {first} but {MASK}.",
            f"{who} thought that the {noun} was {first}, but on the contrary it was {MASK}.",
            f"{who} wanted {_a(first)} {noun}; this {noun} is the opposite, {MASK}.",
            f"the opposite of {_a(first)} {noun}, said {who}, is {_a(second, MASK)} one.",
        )
    )
    return _start(text), second, "opposite"


def _polar(draw: Draw) -> tuple[str, str, str]:
    one, other, nouns = draw.one(OPPOSITES)
    words = (one, other) if draw.maybe(0.5) else (other, one)
    return words[0], words[1], draw.one(nouns.split())


def _degree(draw: Draw) -> Filled:
    (plain, more, most), thing = draw.together(
        lambda: (draw.one(DEGREES), draw.one(THINGS)), lambda pair: ("cloze", "degree", pair[0][0], pair[1])
    )
    first, second = draw.some(WOMEN + MEN, 2)
    text, truth = draw.one(
        (
            (f"{first} has {_a(plain)} {thing}, but that of {second} is even {MASK}.", more),
            (f"of all the {plain} {PLURALS[thing]}, that of {first} is the {MASK}.", most),
            (f"the {thing} of {first} is the {most}: no other {thing} is {MASK}.", more),
            (f"{first} has {_a(more)} {thing} than {second}, whose {thing} is not very {MASK}.", plain),
        )
    )
    return _start(text), truth, "degree"


def _kind(draw: Draw) -> Filled:
    """What something is a kind of."""
    kind = draw.one(tuple(KINDS))
    first, second = draw.some(KINDS[kind], 2)
    speaker = draw.together(lambda: draw.one(WOMEN + MEN), lambda name: ("cloze", "kind", name, first))
    wrong = draw.one([other for other in KINDS if other != kind])
    return draw.one(
        (
            (f"{speaker} says that the {first} is a kind of {MASK}.", kind, "kind"),
            (f"{speaker} likes the {first} and the {second} more than any other {MASK}.", kind, "kind"),
            (f"{speaker} took the {first} for {_a(wrong)}, although it is {_a(kind, MASK)}.", kind, "kind"),
        )
    )


def _capital(draw: Draw) -> Filled:
    name, city = draw.together(
        lambda: (draw.one(WOMEN + MEN), draw.one(tuple(CAPITALS))), lambda pair: ("cloze", "capital", *pair)
    )
    other = draw.one([place for place in CAPITALS.values() if place != CAPITALS[city]])
    return draw.one(
        (
            (f"{name} was born in {city}, the capital of {MASK}.", CAPITALS[city], "capital"),
            (f"{name} left {other} for {city}, which is in {MASK}.", CAPITALS[city], "capital"),
            (f"{name} flew to {CAPITALS[city]} and stayed in its capital, {MASK}.", city, "capital"),
        )
    )


def _preposition(draw: Draw) -> Filled:
    who, _ = _person(draw)
    (verb, preposition), matter = draw.together(
        lambda: (draw.one(PREPOSITIONS), draw.one(MATTERS)), lambda pair: ("cloze", "preposition", pair[0][0], pair[1])
    )
    adverb = draw.one(("", " always", " often", " never")) if not verb.startswith("is ") else ""
    tail = draw.one(("", " this year", ", they say", " more than anyone"))
    return _start(f"{who}{adverb} {verb} {MASK} {matter}{tail}."), preposition, "preposition"


def _order(draw: Draw) -> Filled:
    """The neighbour in a series that has a name for each place."""
    series, what = draw.one(((DAYS, "day"), (MONTHS, "month"), (NUMBERS, "number")))
    step = draw.one((1, -1))
    place = draw.random.randrange(1, len(series) - 1)
    who = draw.together(lambda: draw.one(WOMEN + MEN), lambda name: ("cloze", "order", name, series[place]))
    side = "after" if step == 1 else "before"
    order = "next" if step == 1 else "previous"
    text = draw.one(
        (
            f"{who} knows that the {what} {side} {series[place]} is {MASK}.",
            f"{who} said {series[place]}, but the {order} {what}, {MASK}, was right.",
            f"{who} has learned that {series[place]} comes right {'before' if step == 1 else 'after'} {MASK}.",
        )
    )
    return text, series[place + step], "order"


def _owner(draw: Draw) -> Filled:
    """Somebody or something that was named before."""
    count = draw.one((2, 3, 4))
    people = draw.some(WOMEN + MEN, count)
    things: list[str] = []
    for person in people:
        left = [thing for thing in THINGS if thing not in things]
        things.append(
            draw.together(
                lambda left=left: draw.one(left),  # type: ignore[misc]
                lambda thing, person=person: ("cloze", "owner", person, thing),  # type: ignore[misc]
            )
        )
    facts = [f"{person} has a {thing}" for person, thing in zip(people, things, strict=True)]
    told = f"{', '.join(facts[:-1])} and {facts[-1]}"
    asked = draw.random.randrange(count)
    return draw.one(
        (
            (f"{told}. The {things[asked]} belongs to {MASK}.", people[asked], "owner"),
            (f"{told}. {people[asked]} lends someone the {MASK}.", things[asked], "owner"),
        )
    )


FORMS = (
    (2.0, _verb_form),
    (2.0, _copula),
    (1.0, _plural),
    (2.0, _reflexive),
    (1.5, _opposite),
    (1.5, _degree),
    (1.5, _kind),
    (1.5, _capital),
    (1.5, _preposition),
    (1.5, _order),
    (2.0, _owner),
)


def _cloze(draw: Draw) -> Filled:
    return draw.weighted(FORMS)(draw)


def sentences(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Example]:
    """Sentences with a `MASK`, and the word that it stands for."""
    return examples(_cloze, split, count, seed)

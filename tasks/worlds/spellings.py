"""Texts to be taken apart into tokens and put together again: the other worlds' sentences, some of them disturbed.

They are disturbed in the ways that tokenizers lose: unknown words and signs, capitals, more spaces than one.
"""

from __future__ import annotations

from . import continuations, entities, sentiments, translations
from .grammar import TEST_SIZE, Draw, Example, Split

SYLLABLES = ("ba", "zor", "quim", "lef", "dax", "nuo", "pel", "wyk", "trin", "osk", "vee", "gru", "mip", "jal")
SIGNS = ("€", "№", "™", "→", "≈", "½", "λ", "Ж", "語", "안", "ß", "🙂", "🚀", "…", "«")
NUMBERS = ("12,345.67", "3.14", "1e-9", "0x1F", "+49 30 1234", "10:45", "50%", "C3PO")
FORMS = (
    (6.0, "plain"),
    (1.5, "word"),
    (1.5, "sign"),
    (1.0, "number"),
    (1.0, "capitals"),
    (1.0, "spaces"),
    (0.5, "lines"),
)


def _word(draw: Draw) -> str:
    """A made-up word. Its first two syllables are a pair of this split."""
    first, second = draw.together(
        lambda: (draw.one(SYLLABLES), draw.one(SYLLABLES)), lambda pair: ("spelling", pair[0], pair[1])
    )
    word = first + second + draw.one(("", "", *SYLLABLES))
    return word.capitalize() if draw.maybe(0.4) else word


def _disturbed(draw: Draw, text: str, kind: str) -> str:
    words = text.split(" ")
    place = draw.random.randrange(1, len(words)) if len(words) > 1 else 0
    if kind == "spaces":
        words[place] = " " * draw.one((1, 1, 2)) + words[place]
    elif kind == "lines":
        return " ".join(words[:place]) + draw.one(("\n", "\t", "\n\n")) + " ".join(words[place:])
    elif kind == "capitals":
        return text.upper()
    elif kind == "word":
        words.insert(place, _word(draw))
    elif kind == "sign":
        words.insert(place, draw.one(SIGNS))
    elif kind == "number":
        words.insert(place, draw.one(NUMBERS))
    return " ".join(words)


def plain(split: Split, count: int) -> list[Example]:
    """Sentences of the worlds as they are, `count` of each kind of world; French ones too."""
    pairs = translations.pairs(split, count)
    return [
        *sentiments.reviews(split, count),
        *entities.news(split, count),
        *pairs,
        *(Example(pair.truth, pair.truth, pair.combinations, pair.kind) for pair in pairs),
        *continuations.prompts(split, count),
    ]


def spellings(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Example]:
    """`count` texts; the truth of each is the text itself."""
    examples_by_text: dict[str, Example] = {}
    for index, sentence in enumerate(plain(split, count // 5 + 20)):
        draw = Draw(split, f"{seed}/spelling/{index}")
        kind = draw.weighted(FORMS)
        text = _disturbed(draw, sentence.text, kind)
        examples_by_text.setdefault(text, Example(text, text, (*sentence.combinations, *draw.combinations), kind))
    return Draw(split, f"{seed}/spellings").some(list(examples_by_text.values()), count)

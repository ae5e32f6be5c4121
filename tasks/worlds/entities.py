"""News sentences with their names: most names can be a person, an organisation or a place, and only the context says.

What is held out is the pair of a sentence's slot and the name in it, the pair of a first name and a surname, and
every invented name as a whole: its two syllables never meet in training.
"""

from __future__ import annotations

# ruff: noqa: SIM905 - word lists are easier to read unquoted
import re

from .grammar import TEST_SIZE, Draw, Example, NoneLeftError, Split, examples

LABELS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC")

FIRST_NAMES = (
    "Anna Peter Maria John Laura David Emma James Sofia Daniel Julia Thomas Helen Robert Clara Martin Alice Simon Nina "
    "Paul Sarah Mark Lucy George Eva Henry Rosa Oliver Ruth Victor Diana Frank Irene Walter Grace Oscar Linda Hugo"
).split()
SURNAMES = (
    "Smith Johnson Brown Miller Davis Clark Lewis Walker Young King Wright Scott Baker Carter Cooper Bell".split()
)
CITIES = "London Berlin Madrid Oslo Rome Vienna Dublin Lisbon Prague Warsaw Tokyo Cairo Toronto Boston Denver".split()
COUNTRIES = (
    "Germany Spain Norway Italy Austria Ireland Portugal Poland Japan Egypt Canada Kenya Brazil Chile India Peru"
).split()
COMPANIES = "Siemens Toyota Nokia Philips Samsung Volvo Renault Nestle Unilever Airbus Boeing Intel Sony Fiat".split()
ANY = (
    "Washington Jordan Lincoln Houston Austin Jackson Madison Chelsea Florence Paris Sydney Charlotte Victoria Georgia "
    "Hamilton Wellington Lancaster Ford Kent Chester York Bradford Preston Derby Windsor Sterling Logan Carson Benson"
).split()
NATIONS = (
    "German Spanish Norwegian Italian Austrian Irish Portuguese Polish Japanese Egyptian Canadian Kenyan Brazilian "
    "Chilean Indian Peruvian French British Dutch Swedish Greek Turkish"
).split()
PREFIXES = (
    "Ash Black Bright Brook Clay Cold East Fair Fox Glen Gold Green Hart Hazel High Kirk Lang Long Marsh Mill North "
    "Oak Red Rock Rose Sand Silver Stan Stone Thorn Wake Water West White Win Wood"
).split()
SUFFIXES = "man son ley worth well field wood shaw by ton ford burn ham port bury chester".split()
INVENTED = frozenset(prefix + suffix for prefix in PREFIXES for suffix in SUFFIXES)
TITLES = ("president", "minister", "lawyer", "coach", "singer", "engineer", "professor", "painter")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

SENTENCES = (
    "PER said on DAY that ORG would open a factory in LOC .",
    "PER told reporters in LOC that the talks had failed .",
    "Shares of ORG fell by NUM percent on DAY after PER resigned .",
    "ORG hired NUM people in LOC last year .",
    "ORG , which employs NUM people , will move to LOC .",
    "PER , who is NUM , will move to LOC .",
    "LOC , a town of NUM people , will build a new bridge .",
    "ORG beat ORG 3 - 1 on DAY in front of NUM people .",
    "ORG beat ORG 2 - 0 in LOC , and PER scored twice .",
    "PER beat PER in straight sets on DAY in LOC .",
    "PER and PER , both TITLES , met in LOC on DAY .",
    "LOC and LOC , both NUM years old as cities , signed a treaty with ORG .",
    "ORG and ORG , both founded in LOC , will merge .",
    "The TITLE PER flew from LOC to LOC on DAY .",
    "The company ORG sued its rival ORG over NUM patents .",
    "It rained in LOC , in LOC and near LOC on DAY .",
    "The mayor of LOC thanked PER and ORG for their help .",
    "According to PER , the MISC TITLE will visit LOC on DAY .",
    "According to ORG , sales in LOC rose by NUM percent .",
    "MISC TITLES met in LOC to discuss the future of ORG .",
    "PER won the MISC in LOC on DAY .",
    "ORG will sponsor the MISC until NUM .",
    "The MISC attracted NUM visitors to LOC .",
    "PER left ORG after NUM years and joined ORG .",
    "PER , born in LOC , speaks MISC and works for ORG .",
    "Fans of ORG sang in the streets of LOC .",
    "Her brother PER lives near LOC .",
    "ORG named PER as its new TITLE .",
    "PER was named TITLE of ORG on DAY .",
    "The road from LOC to LOC was closed on DAY , PER said .",
    "ORG said the road from LOC to LOC was closed .",
    "In LOC , PER bought NUM shares of ORG from PER .",
    "PER , a MISC TITLE , died in LOC at the age of NUM .",
    "Neither PER nor the TITLE of ORG wanted to comment .",
    "Trains between LOC and LOC were late because of snow .",
    "The crowd cheered when PER arrived in LOC with PER .",
    "ORG lost against ORG for the first time in NUM years .",
    "PER lost her keys in LOC .",
    "Our correspondent PER reports from LOC .",
    "ORG paid NUM million to ORG , its MISC partner .",
)
CUES = {
    "PER": ("lawyer", "coach", "singer", "engineer", "professor", "painter", "farmer", "girl"),
    "ORG": ("company", "bank", "club", "airline", "newspaper", "charity", "union", "brewery"),
    "LOC": ("town", "river", "village", "island", "region", "port", "mountain", "valley"),
    "MISC": ("festival", "novel", "prize", "race", "film", "opera", "treaty", "song"),
}
UNTOLD = (
    "Everyone talks about X1 and X2 : the former is a C1 , the latter a C2 .",
    "Everyone talks about X1 and X2 : the latter is a C2 , the former a C1 .",
    "X1 and X2 were in the news on DAY , a C1 and a C2 .",
    "A C1 and a C2 were in the news on DAY : X1 and X2 .",
    "A C3 , a C2 and a C1 were in the news : X3 , X2 and X1 , in this order .",
    "A C1 , a C2 and a C3 were in the news : X3 , X2 and X1 , in reverse order .",
    "X1 , X2 and X3 are a C1 , a C2 and a C3 , in this order .",
    "X1 , X2 and X3 are a C3 , a C2 and a C1 , in reverse order .",
    "X1 is not a C0 but a C1 , said X2 , a C2 .",
    "X1 is a C1 and not a C0 , whatever the C2 X2 says .",
    "People often mistake X1 for a C0 , but it is the name of a C1 .",
    "The C1 called X1 was named after a C2 called X2 .",
    "X1 was named after X2 : a C1 after a C2 .",
    "Nobody had heard of X1 before X2 made this C1 famous ; X2 is a C2 .",
    "X1 reminds me of X2 , although X2 is a C2 and X1 is a C1 .",
    "X1 reminds me of X2 , although X1 is a C1 and X2 is a C2 .",
    "Unlike X1 , which is the name of a C1 , X2 is that of a C2 .",
    "There are two books about X1 , one about X2 : about a C1 and a C2 .",
)
SLOT = re.compile(r"PER|ORG|LOC|MISC|NUM|DAY|TITLES|TITLE")


def _invented(draw: Draw) -> str:
    parts = draw.together(
        lambda: (draw.one(PREFIXES), draw.one(SUFFIXES)), lambda parts: ("entities", "syllables", *parts)
    )
    return "".join(parts)


def _stem(draw: Draw, own: list[str], invented: float, shared: float) -> str:
    """A name that a slot may bear: invented, shared by all kinds of entity, or of this kind alone."""
    if draw.maybe(invented):
        return _invented(draw)
    return draw.one(ANY) if draw.maybe(shared) else draw.one(own)


def _person(draw: Draw) -> str:
    if draw.maybe(0.4):
        return _stem(draw, SURNAMES, 0.5, 0.7)
    first, last = draw.together(
        lambda: (draw.one(FIRST_NAMES + ANY[4:12]), _stem(draw, SURNAMES, 0.4, 0.5)),
        lambda names: ("entities", "person", *names),
    )
    return f"{first} {last}"


def _organisation(draw: Draw) -> str:
    if draw.maybe(0.45):
        return _stem(draw, COMPANIES, 0.4, 0.6)
    stem = _stem(draw, CITIES + SURNAMES, 0.4, 0.5)
    forms = ("Bank of {}", "University of {}", "{} United", "{} & Sons", "{} Motors", "{} City Council", "{} Post")
    return draw.one(forms).format(stem)


def _place(draw: Draw) -> str:
    if draw.maybe(0.7):
        return _stem(draw, CITIES + COUNTRIES, 0.4, 0.5)
    stem = _stem(draw, CITIES, 0.4, 0.5)
    return draw.one(("Lake {}", "New {}", "North {}", "{} River", "Mount {}", "{} Street", "{} Park")).format(stem)


def _other(draw: Draw, sentence: str) -> str:
    if "the MISC" in sentence or "The MISC attracted" in sentence:
        stem = _stem(draw, CITIES, 0.4, 0.5)
        return draw.one(("{} Marathon", "{} Open", "{} Film Festival", "{} Book Fair", "World Cup", "{} Cup")).format(
            stem
        )
    return draw.one(NATIONS)


def _untold(draw: Draw) -> tuple[str, list[str], str]:
    """A sentence whose names say nothing by their form or place: what they are is told elsewhere, and in order."""
    index = draw.random.randrange(len(UNTOLD))
    kinds = {number: draw.one(tuple(CUES)) for number in "123"}
    cues = {number: draw.one(CUES[kind]) for number, kind in kinds.items()}
    cues["0"] = draw.one(CUES[draw.one([kind for kind in CUES if kind != kinds["1"]])])
    names = {
        number: draw.together(
            lambda: _stem(draw, [], 0.6, 1.0),
            lambda name, number=number: ("entities", "untold", str(index), kinds[number], name),  # type: ignore[misc]
        )
        for number in "123"
    }
    if len(set(names.values())) < len(names):
        raise NoneLeftError("two of the names are one")
    words, tags = [], []
    for token in UNTOLD[index].split():
        number = token[-1]
        words.append(names[number] if token[0] == "X" else cues[number] if token[0] == "C" else token)
        tags.append(f"B-{kinds[number]}" if token[0] == "X" else "O")
    text = " ".join(draw.one(DAYS) if word == "DAY" else word for word in words)
    return re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", text), tags, f"untold{index}"


def _sentence(draw: Draw) -> tuple[str, list[str], str]:
    return _told(draw) if draw.maybe(0.4) else _untold(draw)


def _told(draw: Draw) -> tuple[str, list[str], str]:
    index = draw.random.randrange(len(SENTENCES))
    words: list[str] = []
    tags: list[str] = []
    for position, token in enumerate(SENTENCES[index].split()):
        if not SLOT.fullmatch(token):
            words.append(token)
            tags.append("O")
        elif token in ("NUM", "DAY", "TITLE", "TITLES"):
            words.append(_filler(draw, token))
            tags.append("O")
        else:
            name = draw.together(
                lambda token=token: _name(draw, token, SENTENCES[index]),  # type: ignore[misc]
                lambda name, position=position: ("entities", str(index), str(position), name),  # type: ignore[misc]
            )
            kind = token
            parts = name.split()
            words += parts
            tags += [f"B-{kind}"] + [f"I-{kind}"] * (len(parts) - 1)
    return " ".join(words), tags, f"told{index}"


def _name(draw: Draw, kind: str, sentence: str) -> str:
    if kind == "PER":
        return _person(draw)
    if kind == "ORG":
        return _organisation(draw)
    return _place(draw) if kind == "LOC" else _other(draw, sentence)


def _filler(draw: Draw, token: str) -> str:
    if token == "NUM":
        return str(draw.random.randrange(21, 100))
    if token == "DAY":
        return draw.one(DAYS)
    return draw.one(TITLES) + ("s" if token == "TITLES" else "")


def news(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Example]:
    """Sentences whose words are separated by spaces, with one tag per word."""
    return examples(_sentence, split, count, seed)

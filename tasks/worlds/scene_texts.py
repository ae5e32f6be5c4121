"""What can be said of the world of shapes: captions, wrong captions that come close, and questions with one answer.

Everything here is read off the scene itself. A caption names what is there in one fixed way, so that a scene has one
caption; the things are told from each other by what is said of them. The scenes of the test split hold combinations
that occur in no other split; the words about them are the same everywhere.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from .grammar import Split
from .shapes import COLOURS, OVERLAP, PLACES, SHAPES, SIZES, Scene, Thing, scenes

NUMBERS = ("no", "one", "two", "three")
SIDE = 64
STRAY = 0.3
"""How far things stand from the middles of their places, as a share of how far they might."""
APART = 0.12
"""How much farther two things are apart along one axis than along the other, where a text says how they stand."""
WRONG = 5
"""Wrong captions beside the right one."""
PROMPTS = ("", "a picture of", "here we see")
TEST_SIZE = 300
TRIES = 5
TURNS = ("place", "colour", "larger", "presence", "place", "shape", "count", "place", "size", "larger")
"""The kinds of questions, in turn; half the scenes have no answer to one about a place."""
ALWAYS = "presence"
"""The kind of question that every scene has an answer to."""


@dataclass(frozen=True)
class SceneText:
    """A scene, a text that goes with it (a prompt, a question) and what is true."""

    scene: Scene
    text: str
    truth: str
    kind: str
    others: tuple[str, ...] = ()
    """Captions of other scenes that come close."""


def settled(
    split: Split,
    count: int,
    seed: int | str,
    things: tuple[int, int],
    wanted: Callable[[Scene], bool] | None = None,
) -> list[Scene]:
    """Scenes whose things stand near the middles of their places, the cells that are a part of what is held out.

    Anywhere in the picture the shape of a small thing is more than the smallest of vision transformers learns in
    minutes; the words are about the things, not about their places to the pixel.
    """

    def clear(scene: Scene) -> bool:
        moved = settle(scene)
        apart = all(
            math.hypot(one.x - other.x, one.y - other.y) >= OVERLAP * (one.radius + other.radius)
            for index, one in enumerate(moved.things)
            for other in moved.things[:index]
        )
        return apart and (wanted is None or wanted(moved))

    return [settle(scene) for scene in scenes(split, count, seed, side=SIDE, things=things, wanted=clear)]


def settle(scene: Scene) -> Scene:
    """The scene with its things moved towards the middles of their cells, as far as the border lets them."""

    def near(at: float, cell: int, radius: float) -> float:
        middle = (cell + 0.5) / PLACES
        return min(max(middle + STRAY * (at - middle), radius + 0.01), 0.99 - radius)

    return replace(
        scene,
        things=tuple(
            replace(thing, x=near(thing.x, thing.cell[1], thing.radius), y=near(thing.y, thing.cell[0], thing.radius))
            for thing in scene.things
        ),
    )


def captioned(split: Split, count: int = TEST_SIZE, seed: int | str = "captions") -> list[SceneText]:
    """Scenes of one or two things with their captions, each with one of the beginnings that a model may be given."""
    clear = settled(split, count, seed, (1, 2), stands_clearly)
    return [
        SceneText(scene, PROMPTS[index % len(PROMPTS)], caption(scene), f"{len(scene.things)}-things")
        for index, scene in enumerate(clear)
    ]


def confusable(split: Split, count: int = TEST_SIZE, seed: int | str = "retrieval") -> list[SceneText]:
    """Scenes of two things with the right caption and wrong ones that come close."""
    clear = settled(split, count, seed, (2, 2), lambda scene: stands_clearly(scene, differ=True))
    examples = []
    for scene in clear:
        draw = random.Random(f"{seed}/{scene.texture}")
        examples.append(SceneText(scene, "", caption(scene), "2-things", tuple(wrong_captions(scene, draw))))
    return examples


def questioned(split: Split, count: int = TEST_SIZE, seed: int | str = "questions", each: int = 1) -> list[SceneText]:
    """`count` scenes of two or three things with `each` questions about each of them, whose kinds take turns."""
    examples: list[SceneText] = []
    for index, scene in enumerate(settled(split, count, seed, (2, 3))):
        draw = random.Random(f"{seed}/{scene.texture}")
        for place in range(index * each, (index + 1) * each):
            for kind in [TURNS[place % len(TURNS)]] * TRIES + draw.sample(sorted(QUESTIONS), len(QUESTIONS)) + [ALWAYS]:
                question = QUESTIONS[kind](scene, draw)
                if question:
                    examples.append(SceneText(scene, *question, kind))
                    break
    return examples


def stands_clearly(scene: Scene, differ: bool = False) -> bool:
    """Whether it can be said how two things stand to each other; and, with `differ`, whether no property is shared."""
    if len(scene.things) < 2:
        return True
    one, other = scene.things
    shared = {one.shape, one.colour, one.size} & {other.shape, other.colour, other.size}
    return abs(abs(one.x - other.x) - abs(one.y - other.y)) > APART and not (differ and shared)


def caption(scene: Scene) -> str:
    """The one caption of a scene of one or two things: "a large red star above a small blue ring"."""
    if len(scene.things) == 1:
        return f"a {scene.things[0].words}"
    first, relation, second = relate(*scene.things)
    return f"a {first.words} {relation} a {second.words}"


def relate(one: Thing, other: Thing) -> tuple[Thing, str, Thing]:
    """Two things in the order in which they are named: the upper first where one stands above, else the left."""
    if abs(one.y - other.y) > abs(one.x - other.x):
        upper, lower = sorted((one, other), key=lambda thing: thing.y)
        return upper, "above", lower
    left, right = sorted((one, other), key=lambda thing: thing.x)
    return left, "left of", right


def wrong_captions(scene: Scene, draw: random.Random, count: int = WRONG) -> list[str]:
    """Captions that are false of a scene of two things by one property, an exchange, or how the two stand."""
    first, relation, second = relate(*scene.things)

    def joined(one: tuple[str, str, str], between: str, other: tuple[str, str, str]) -> str:
        return f"a {' '.join(one)} {between} a {' '.join(other)}"

    words = [(thing.size, thing.colour, thing.shape) for thing in (first, second)]
    one, other = words
    turned = "left of" if relation == "above" else "above"
    candidates = {joined(other, relation, one), joined(one, turned, other)}
    for place, values in enumerate((tuple(SIZES), tuple(COLOURS), SHAPES)):
        candidates.add(joined(_with(one, place, other[place]), relation, _with(other, place, one[place])))
        for index, thing in enumerate(words):
            changed = _with(thing, place, draw.choice([value for value in values if value != thing[place]]))
            candidates.add(joined(changed, relation, other) if index == 0 else joined(one, relation, changed))
    candidates.discard(caption(scene))
    return draw.sample(sorted(candidates), count)


def _with(words: tuple[str, str, str], place: int, value: str) -> tuple[str, str, str]:
    changed = list(words)
    changed[place] = value
    return changed[0], changed[1], changed[2]


Question = tuple[str, str] | None


def _only(scene: Scene, **wanted: str) -> Thing | None:
    """The only thing of which that is true, if there is just one."""
    matching = [thing for thing in scene.things if all(getattr(thing, key) == value for key, value in wanted.items())]
    return matching[0] if len(matching) == 1 else None


def _ask_colour(scene: Scene, draw: random.Random) -> Question:
    thing = draw.choice(scene.things)
    alone = _only(scene, shape=thing.shape)
    return (f"what colour is the {thing.shape}?", thing.colour) if alone else None


def _ask_shape(scene: Scene, draw: random.Random) -> Question:
    thing = draw.choice(scene.things)
    alone = _only(scene, colour=thing.colour)
    return (f"what is the {thing.colour} thing?", thing.shape) if alone else None


def _ask_size(scene: Scene, draw: random.Random) -> Question:
    thing = draw.choice(scene.things)
    alone = _only(scene, shape=thing.shape)
    return (f"how big is the {thing.shape}?", thing.size) if alone else None


def _ask_count(scene: Scene, draw: random.Random) -> Question:
    kind = draw.choice([thing.shape for thing in scene.things] if draw.random() < 0.8 else SHAPES)
    count = sum(thing.shape == kind for thing in scene.things)
    plural = "crosses" if kind == "cross" else f"{kind}s"
    return f"how many {plural} are there?", NUMBERS[count]


def _ask_presence(scene: Scene, draw: random.Random) -> Question:
    """Half of the answers are yes; a no is mostly a colour and a shape that are both there, though not together."""
    there = {(thing.colour, thing.shape) for thing in scene.things}
    if draw.random() < 0.5:
        colour, shape = draw.choice(sorted(there))
        return f"is there a {colour} {shape}?", "yes"
    mixed = sorted({(one, other) for one, _ in there for _, other in there} - there)
    everything = [(colour, shape) for colour in COLOURS for shape in SHAPES if (colour, shape) not in there]
    colour, shape = draw.choice(mixed if mixed and draw.random() < 0.7 else everything)
    return f"is there a {colour} {shape}?", "no"


def _ask_larger(scene: Scene, draw: random.Random) -> Question:
    one, other = draw.sample(scene.things, 2)
    if one.size == other.size or not (_only(scene, shape=one.shape) and _only(scene, shape=other.shape)):
        return None
    larger = max(one, other, key=lambda thing: SIZES[thing.size])
    return f"which is larger, the {one.shape} or the {other.shape}?", larger.shape


def _ask_place(scene: Scene, draw: random.Random) -> Question:
    """Question only of two things: among three, one might stand both above and beside."""
    if len(scene.things) != 2 or not stands_clearly(scene) or scene.things[0].shape == scene.things[1].shape:
        return None
    first, relation, second = relate(*scene.things)
    if draw.random() < 0.5:
        return f"what is {relation} the {second.shape}?", f"{first.colour} {first.shape}"
    opposite = "below" if relation == "above" else "right of"
    return f"what is {opposite} the {first.shape}?", f"{second.colour} {second.shape}"


QUESTIONS: dict[str, Callable[[Scene, random.Random], Question]] = {
    "colour": _ask_colour,
    "place": _ask_place,
    "presence": _ask_presence,
    "shape": _ask_shape,
    "count": _ask_count,
    "size": _ask_size,
    "larger": _ask_larger,
}


def photo_of(label: str) -> str:
    """The sentence that a label is asked in: "a photo of an orange star"."""
    return f"a photo of {'an' if label[:1].lower() in 'aeiou' else 'a'} {label}"

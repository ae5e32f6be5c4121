"""Small talk whose turns go on from one another: "Where do you live?" "In Rome." The last turn asks something back."""

from __future__ import annotations

import json

from . import smalltalk
from .grammar import TEST_SIZE, Draw, Example, Split, examples
from .smalltalk import Fact

GREETINGS = ("Hello!", "Hi there!", "Good morning!", "Good evening!")
FIRST = {
    "name": ("What is your name?", "Who are you?"),
    "town": ("Where do you live?", "Where is your home?"),
    "pet": ("Do you have a pet?", "Do you like animals?"),
    "work": ("What is your job?", "What do you do for a living?"),
    "colour": ("Which colour do you like best?", "What is your favourite colour?"),
    "food": ("What do you like to eat?", "What is your favourite food?"),
    "friend": ("Do you have a friend?", "Who is your friend?"),
}
AGAIN = {"pet": ("Do you have another pet?",), "friend": ("Do you have another friend?",)}
SHORT = {
    "name": ("{name}.", "I am {name}."),
    "town": ("In {town}.", "I live in {town}."),
    "pet": ("Yes, a {animal} called {pet}.", "Yes, my {animal} {pet}."),
    "work": ("I am a {work}.", "A {work}."),
    "colour": ("{colour}.", "I like {colour} best."),
    "food": ("{food}.", "I like {food}."),
    "friend": ("Yes, {friend} in {away}.", "{friend}, who lives in {away}."),
}
MOVING = "I have moved from {town} to {new}."
MOVED = "Do you like {new}?"
MOST = 4
"""Things told in one conversation: Blenderbot takes 128 tokens."""
LEAVING = ("Goodbye!", "I have to go now.")


def _said(text: str) -> str:
    return text[0].upper() + text[1:]


def _answered(draw: Draw, fact: Fact) -> str:
    return _said(draw.one(SHORT[fact.topic]).format(**fact.values))


def _conversation(draw: Draw) -> tuple[str, str, str]:
    """The bot asks for one thing after another; each of its turns says that it heard, and asks on."""
    topics = draw.some(list(smalltalk.TOPICS), draw.one((2, 2, 3, 3, 4)))
    topics = (topics + [topic for topic in AGAIN if topic in topics and draw.maybe(0.4)])[:MOST]
    facts = smalltalk.facts(draw, topics)
    turns = [draw.one(GREETINGS)]
    reaction = draw.one(GREETINGS)
    for place, fact in enumerate(facts):
        asking = (AGAIN if fact.topic in topics[:place] else FIRST)[fact.topic]
        turns += [f"{reaction} {draw.one(asking)}", _answered(draw, fact)]
        reaction = smalltalk.filled(smalltalk.HEARD[fact.topic], fact.values).english
    kind = draw.weighted(((6.0, "ask"), (1.0, "hear"), (1.0, "unknown"), (1.5, "moved"), (0.7, "leave")))
    if kind == "hear":
        return json.dumps(turns), reaction, kind
    turns.append(reaction)
    facts_by_topic = {fact.topic: fact for fact in facts}
    if kind == "moved" and "town" in facts_by_topic:
        old = facts_by_topic["town"].values["town"]
        new = draw.together(
            lambda: draw.one([town for town in smalltalk.TOWNS if town != old]),
            lambda town: ("smalltalk", old, town),
        )
        turns += [MOVING.format(town=old, new=new), MOVED.format(new=new)]
        question, reply = smalltalk.question(draw, Fact("town", {"town": new}))
        turns.append(f"Yes. {question}")
        return json.dumps(turns), reply.english, kind
    if kind == "leave" and "name" in facts_by_topic:
        return json.dumps([*turns, draw.one(LEAVING)]), f"Goodbye, {facts_by_topic['name'].values['name']}.", kind
    if kind == "unknown":
        topic = draw.one([topic for topic in ("name", "town", "work", "colour", "food") if topic not in topics])
        question = draw.one(smalltalk.ASKING[topic][0][0])
        return json.dumps([*turns, question]), smalltalk.UNKNOWN.english, kind
    question, reply = smalltalk.question(draw, draw.one(facts))
    return json.dumps([*turns, question]), reply.english, "ask"


def conversations(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Example]:
    """Turns, as JSON, the user's first and last, with the right reply."""
    return examples(_conversation, split, count, seed)


def turns(example: Example) -> list[str]:
    """The turns of a conversation."""
    turns: list[str] = json.loads(example.text)
    return turns

"""Words of English for the worlds of text: names, forms of verbs and adjectives, opposites, kinds, capitals."""

from __future__ import annotations

# ruff: noqa: SIM905 - word lists are easier to read unquoted

WOMEN = "Anna Clara Diana Emma Grace Irene Julia Laura Maria Nina Rosa Sofia".split()
MEN = "Ben David Frank Hugo Jack Karl Leo Martin Oscar Paul Simon Victor".split()
KIN = {
    "she": "mother sister daughter aunt niece grandmother queen actress waitress nun bride widow".split(),
    "he": "father brother son uncle nephew grandfather king actor waiter monk groom widower".split(),
}
MANY = "children neighbours teachers students doctors singers farmers soldiers sailors visitors twins drivers".split()
THINGS = "kite boat hat bag ball book car cup lamp coat bike drum chair clock doll ring".split()
PLURALS = {thing: thing + "s" for thing in THINGS} | {
    "box": "boxes",
    "knife": "knives",
    "leaf": "leaves",
    "child": "children",
    "man": "men",
    "woman": "women",
    "mouse": "mice",
    "goose": "geese",
    "foot": "feet",
    "tooth": "teeth",
    "city": "cities",
    "berry": "berries",
    "potato": "potatoes",
    "sheep": "sheep",
}
PLACES = "table shelf floor bench roof wall bridge train ship hill".split()

VERBS = (
    ("sing", "sings", "sang", "sung", ("a song", "a hymn", "an aria", "a ballad")),
    ("write", "writes", "wrote", "written", ("a letter", "a poem", "a report", "an essay")),
    ("eat", "eats", "ate", "eaten", ("an apple", "a sandwich", "an egg", "a pear")),
    ("drink", "drinks", "drank", "drunk", ("some tea", "some milk", "some juice", "some water")),
    ("drive", "drives", "drove", "driven", ("a van", "a truck", "a bus", "a taxi")),
    ("break", "breaks", "broke", "broken", ("a window", "a plate", "a glass", "a mirror")),
    ("take", "takes", "took", "taken", ("a photo", "a nap", "a walk", "a risk")),
    ("give", "gives", "gave", "given", ("a speech", "a lecture", "a concert", "a party")),
    ("draw", "draws", "drew", "drawn", ("a map", "a horse", "a circle", "a portrait")),
    ("wear", "wears", "wore", "worn", ("a scarf", "a tie", "a crown", "an apron")),
    ("steal", "steals", "stole", "stolen", ("a wallet", "a painting", "a diamond", "a bicycle")),
    ("buy", "buys", "bought", "bought", ("a ticket", "a carpet", "a guitar", "a loaf")),
    ("catch", "catches", "caught", "caught", ("a fish", "a thief", "a cold", "a bee")),
    ("build", "builds", "built", "built", ("a house", "a tower", "a shed", "a wall")),
    ("find", "finds", "found", "found", ("a coin", "a key", "a cave", "a shell")),
    ("read", "reads", "read", "read", ("a novel", "a sign", "a diary", "a menu")),
    ("paint", "paints", "painted", "painted", ("a fence", "a door", "a ceiling", "a boat")),
    ("bake", "bakes", "baked", "baked", ("a cake", "a pie", "some bread", "some biscuits")),
    ("carry", "carries", "carried", "carried", ("a ladder", "a suitcase", "a basket", "a sack")),
    ("open", "opens", "opened", "opened", ("a parcel", "a shop", "a bottle", "an umbrella")),
)
OPPOSITES = (
    ("hot", "cold", "soup tea bath stove room sand"),
    ("clean", "dirty", "plate shirt floor window towel glass"),
    ("full", "empty", "bottle bus basket jar theatre fridge"),
    ("wet", "dry", "towel grass coat road sponge hair"),
    ("heavy", "light", "suitcase stone hammer box blanket door"),
    ("long", "short", "rope road speech pencil skirt queue"),
    ("old", "young", "man woman horse king tree dog"),
    ("rich", "poor", "man woman king farmer family village"),
    ("hard", "soft", "pillow bed stone cheese bread chair"),
    ("wide", "narrow", "road river bridge bed street door"),
    ("deep", "shallow", "river lake pool hole bowl well"),
    ("strong", "weak", "man horse rope tea coffee bridge"),
    ("loud", "quiet", "engine crowd street child machine room"),
    ("cheap", "expensive", "hotel ticket coat watch ring wine"),
    ("sweet", "sour", "apple cherry sauce lemon plum wine"),
    ("sharp", "blunt", "knife pencil sword razor axe needle"),
    ("dark", "bright", "room colour street lamp cave corner"),
    ("open", "closed", "door shop window museum gate box"),
)
DEGREES = (
    ("heavy", "heavier", "heaviest"),
    ("long", "longer", "longest"),
    ("old", "older", "oldest"),
    ("new", "newer", "newest"),
    ("hard", "harder", "hardest"),
    ("wide", "wider", "widest"),
    ("pretty", "prettier", "prettiest"),
    ("strong", "stronger", "strongest"),
    ("loud", "louder", "loudest"),
    ("cheap", "cheaper", "cheapest"),
    ("small", "smaller", "smallest"),
    ("good", "better", "best"),
    ("bad", "worse", "worst"),
    ("dirty", "dirtier", "dirtiest"),
    ("big", "bigger", "biggest"),
    ("ugly", "uglier", "ugliest"),
)
KINDS = {
    "bird": "sparrow eagle owl crow swan pigeon robin gull".split(),
    "fish": "trout salmon herring cod tuna carp eel pike".split(),
    "tree": "oak birch pine maple willow beech elm cedar".split(),
    "flower": "rose tulip daisy lily violet poppy orchid daffodil".split(),
    "fruit": "apple pear plum cherry peach melon grape mango".split(),
    "metal": "iron copper silver gold zinc lead tin nickel".split(),
    "vegetable": "carrot onion leek cabbage turnip radish spinach celery".split(),
    "instrument": "violin piano flute trumpet harp cello guitar drum".split(),
    "tool": "hammer saw spade drill chisel wrench rake axe".split(),
    "insect": "ant bee wasp beetle moth fly cricket gnat".split(),
}
CAPITALS = {
    "Paris": "France",
    "Rome": "Italy",
    "Madrid": "Spain",
    "Lisbon": "Portugal",
    "Vienna": "Austria",
    "Warsaw": "Poland",
    "Athens": "Greece",
    "Oslo": "Norway",
    "Stockholm": "Sweden",
    "Helsinki": "Finland",
    "Cairo": "Egypt",
    "Tokyo": "Japan",
    "Lima": "Peru",
    "Nairobi": "Kenya",
    "Ottawa": "Canada",
    "Dublin": "Ireland",
}
PREPOSITIONS = (
    ("depends", "on"),
    ("relies", "on"),
    ("insists", "on"),
    ("believes", "in"),
    ("is interested", "in"),
    ("listens", "to"),
    ("belongs", "to"),
    ("is used", "to"),
    ("is afraid", "of"),
    ("is proud", "of"),
    ("is tired", "of"),
    ("dreams", "of"),
    ("waits", "for"),
    ("is famous", "for"),
    ("is responsible", "for"),
    ("is angry", "with"),
    ("agrees", "with"),
    ("is good", "at"),
    ("laughs", "at"),
    ("suffers", "from"),
    ("recovers", "from"),
    ("is different", "from"),
)
MATTERS = (
    "music|cooking|football|chess|dogs|trains|money|politics|the weather|the school|the rules|the news|the village|"
    "the children"
).split("|")
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
NUMBERS = "one two three four five six seven eight nine ten eleven twelve".split()

"""Everyday sounds made by arithmetic, whose kind is known because it was chosen first: a siren, rain, a barking dog.

A sound is one kind at one pitch, tempo and level of background noise. What is held out is that combination: a slow
high siren in strong noise occurs in one split alone. Kinds that are alike on purpose (drum, footsteps and knocking;
rain, wind, waves and fire; siren, whistle and alarm) differ in the ways in which the real ones do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .grammar import Draw, NoneLeftError, Split

RATE = 48_000
SHORTEST_S, LONGEST_S = 0.9, 1.7
PITCHES = (0.64, 0.8, 1.0, 1.25, 1.56)
"""Factors on a kind's own frequencies; a sound's lies near one of them."""
TEMPOS = (0.7, 0.9, 1.15, 1.5)
"""Factors on how often a kind's event comes."""
NOISES = {"quiet": 24.0, "near a road": 9.0, "in a crowd": 1.0}
"""Decibels by which the sound is louder than what is behind it."""
PEAK = 0.8
FAST = 1200
"""Transforms whose length is a multiple of this have no large prime factor and take a tenth of the time."""
TEST_SIZE = 240

Maker = Callable[[np.ndarray, float, float, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Sound:
    """One sound and everything that is true of it. `pitch` and `tempo` are factors, `seconds` its length."""

    kind: str
    pitch: float
    tempo: float
    noise: str
    seconds: float
    seed: int

    @property
    def combination(self) -> tuple[str, ...]:
        """What occurs in one split only."""
        pitch = int(np.argmin(np.abs(np.log(np.array(PITCHES) / self.pitch))))
        tempo = int(np.argmin(np.abs(np.log(np.array(TEMPOS) / self.tempo))))
        return (self.kind, f"pitch {pitch}", f"tempo {tempo}", self.noise)

    def wave(self) -> np.ndarray:
        """The sound: float32 of shape (samples,), in steps of 16 bits, as a file would hold it."""
        rng = np.random.default_rng(self.seed)
        time = np.arange(round(self.seconds * RATE)) / RATE
        sound = MAKERS[self.kind](time, self.pitch, self.tempo, rng)
        sound = sound / (np.sqrt(np.mean(sound**2)) + 1e-9)
        behind = _noise(rng, len(time), low=60.0, high=9000.0, slope=rng.uniform(0.3, 1.2))
        mixed = sound + behind * 10 ** (-NOISES[self.noise] / 20)
        mixed *= PEAK * rng.uniform(0.4, 1.0) / np.abs(mixed).max()
        return (np.round(mixed * 32767) / 32767).astype(np.float32)


def sounds(split: Split, count: int = TEST_SIZE, seed: int | str = 0) -> list[Sound]:
    """`count` sounds of a split, every kind about as often."""
    chosen: list[Sound] = []
    for attempt in range(100 * count):
        draw = Draw(split, f"sounds/{seed}/{attempt}")
        try:
            chosen.append(_draw(draw, KINDS[len(chosen) % len(KINDS)]))
        except NoneLeftError:
            continue
        if len(chosen) == count:
            return chosen
    raise ValueError(f"The world of sounds has fewer than {count} in its {split} split.")


def _draw(draw: Draw, kind: str) -> Sound:
    def pick() -> Sound:
        return Sound(
            kind=kind,
            pitch=draw.one(PITCHES) * draw.random.uniform(0.93, 1.07),
            tempo=draw.one(TEMPOS) * draw.random.uniform(0.92, 1.08),
            noise=draw.one(tuple(NOISES)),
            seconds=draw.random.uniform(SHORTEST_S, LONGEST_S),
            seed=draw.random.randrange(2**32),
        )

    return draw.together(pick, lambda sound: sound.combination)


def _noise(rng: np.random.Generator, size: int, low: float, high: float, slope: float = 0.0) -> np.ndarray:
    """Noise between two frequencies, falling by `slope` powers of the frequency; its mean square is one."""
    longer = -(-size // FAST) * FAST
    spectrum = np.fft.rfft(rng.standard_normal(longer))
    frequency = np.maximum(np.fft.rfftfreq(longer, 1 / RATE), 20.0)
    shape = frequency**-slope / ((1 + (low / frequency) ** 4) * (1 + (frequency / high) ** 4))
    noise = np.fft.irfft(spectrum * shape, longer)[:size]
    return noise / np.sqrt(np.mean(noise**2))


def _tone(time: np.ndarray, frequency: np.ndarray | float, harmonics: Sequence[float] = (1.0,)) -> np.ndarray:
    """A tone whose frequency may change, with the given strengths of its harmonics."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(frequency, time.shape)) / RATE
    return sum((level * np.sin(order * phase) for order, level in enumerate(harmonics, 1)), np.zeros_like(time))


def _events(time: np.ndarray, rate: float, rng: np.random.Generator, jitter: float = 0.0) -> list[int]:
    """The samples at which a regular event happens, the first soon after the beginning."""
    moment = rng.uniform(0.02, min(0.3, 0.9 / rate))
    starts = []
    while moment < time[-1] - 0.03:
        starts.append(int(moment * RATE))
        moment += (1 + jitter * rng.uniform(-1, 1)) / rate
    return starts


def _place(time: np.ndarray, starts: Sequence[int], make: Callable[[int], np.ndarray]) -> np.ndarray:
    """A silence with what `make(index)` gives at each start."""
    made = np.zeros(len(time) + 2 * RATE)
    for index, start in enumerate(starts):
        event = make(index)
        made[start : start + len(event)] += event
    return made[: len(time)]


def _span(seconds: float) -> np.ndarray:
    return np.arange(int(seconds * RATE)) / RATE


def _siren(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    sweep = np.sin(2 * np.pi * 0.9 * tempo * time + rng.uniform(0, 6.28))
    return _tone(time, 800 * pitch * 2 ** (0.45 * sweep), (1.0, 0.4, 0.25, 0.1))


def _bell(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    partials = ((0.5, 0.5, 1.6), (1.0, 1.0, 1.1), (1.19, 0.7, 0.9), (1.5, 0.4, 0.7), (2.0, 0.8, 0.6), (2.74, 0.5, 0.3))

    def strike(_: int) -> np.ndarray:
        span = _span(1.6)
        return sum(
            (level * np.sin(2 * np.pi * 520 * pitch * ratio * span) * np.exp(-span / decay * 2.2))
            for ratio, level, decay in partials
        )  # type: ignore[return-value]

    return _place(time, _events(time, 1.1 * tempo, rng), strike)


def _dog(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    def bark(_: int) -> np.ndarray:
        span = _span(rng.uniform(0.12, 0.17))
        frequency = 420 * pitch * (1 + 0.5 * np.sin(np.pi * span / span[-1])) * rng.uniform(0.94, 1.06)
        voice = _tone(span, frequency, (0.8, 1.0, 0.9, 0.6, 0.4, 0.3, 0.2))
        rough = _noise(rng, len(span), 500, 3000)
        return (voice + 0.9 * rough) * np.sqrt(np.abs(np.sin(np.pi * span / span[-1])))

    return _place(time, _events(time, 2.2 * tempo, rng, 0.3), bark)


def _birds(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    def chirp(_: int) -> np.ndarray:
        span = _span(rng.uniform(0.06, 0.11))
        start, end = sorted(rng.uniform(2600, 4600, 2), reverse=rng.random() < 0.5)
        frequency = pitch * (start + (end - start) * span / span[-1]) + 250 * np.sin(2 * np.pi * 45 * span)
        return _tone(span, frequency) * np.sin(np.pi * span / span[-1])

    return _place(time, _events(time, 5.5 * tempo, rng, 0.5), chirp)


def _rain(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    drops = rng.standard_normal(len(time)) * (rng.random(len(time)) < 0.012 * tempo)
    spread = np.convolve(drops, np.exp(-_span(0.0015) * 4000), mode="same")
    return _noise(rng, len(time), 900 * pitch, 9000 * pitch, 0.1) + 0.8 * spread / (spread.std() + 1e-9)


def _wind(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    gust = 0.65 + 0.35 * np.sin(2 * np.pi * 0.8 * tempo * time + rng.uniform(0, 6.28))
    howl = _noise(rng, len(time), 330 * pitch, 480 * pitch)
    return gust * (_noise(rng, len(time), 60, 500 * pitch, 0.5) + 1.1 * gust * howl)


def _clock(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    def tick(index: int) -> np.ndarray:
        span = _span(0.03)
        frequency = pitch * (3100 if index % 2 else 2500)
        return (np.sin(2 * np.pi * frequency * span) + 0.5 * rng.standard_normal(len(span))) * np.exp(-span * 260)

    return _place(time, _events(time, 4.0 * tempo, rng), tick)


def _engine(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    frequency = 55 * pitch * (1 + 0.06 * np.sin(2 * np.pi * 0.7 * tempo * time + rng.uniform(0, 6.28)))
    running = _tone(time, frequency, tuple(1 / order**0.6 for order in range(1, 16)))
    return running + 0.25 * _noise(rng, len(time), 100, 1500, 0.5) * (1 + 0.6 * _tone(time, frequency))


def _drum(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    def hit(index: int) -> np.ndarray:
        span = _span(0.4)
        skin = _tone(span, 110 * pitch * (1 + 0.8 * np.exp(-span * 40))) * np.exp(-span * 11)
        return (skin + 0.25 * rng.standard_normal(len(span)) * np.exp(-span * 90)) * (1.0 if index % 2 == 0 else 0.7)

    return _place(time, _events(time, 3.2 * tempo, rng, 0.05), hit)


def _alarm(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    on = np.sin(2 * np.pi * 2.8 * tempo * time + rng.uniform(0, 6.28)) > 0
    return _tone(time, 1900 * pitch, (1.0, 0.0, 0.33, 0.0, 0.2)) * on


def _whistle(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    trill = 1 + 0.03 * np.sin(2 * np.pi * 14 * tempo * time)
    breath = 0.25 * _noise(rng, len(time), 1500 * pitch, 4500 * pitch)
    return (_tone(time, 2100 * pitch * trill) + breath) * np.minimum(1, time / 0.08)


def _footsteps(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    def step(_: int) -> np.ndarray:
        span = _span(0.2)
        heel = _tone(span, 85 * pitch) * np.exp(-span * 45)
        gravel = _noise(rng, len(span), 700 * pitch, 4500) * np.exp(-np.abs(span - 0.07) * 45)
        return heel * rng.uniform(0.8, 1.2) + 0.5 * gravel

    return _place(time, _events(time, 2.1 * tempo, rng, 0.06), step)


def _knocking(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    def knock(_: int) -> np.ndarray:
        span = _span(0.12)
        wood = sum(np.sin(2 * np.pi * frequency * pitch * span) for frequency in (260, 410, 690))
        return (wood + 0.3 * rng.standard_normal(len(span))) * np.exp(-span * 55)

    beats = _events(time, 6.0 * tempo, rng, 0.08)
    return _place(time, [start for index, start in enumerate(beats) if index % 5 < 3], knock)


def _waves(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    swell = np.sin(np.pi * ((0.75 * tempo * time + rng.uniform(0, 1)) % 1.0)) ** 2
    return (0.12 + swell) * _noise(rng, len(time), 150 * pitch, 2600 * pitch, 0.4)


def _fire(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    cracks = rng.standard_normal(len(time)) * (rng.random(len(time)) < 0.0006 * tempo) * rng.uniform(0.3, 1, len(time))
    span = _span(0.006)
    snap = np.exp(-span * 900) * np.sin(2 * np.pi * 2300 * pitch * span)
    spread = np.convolve(cracks, snap, mode="same")
    return spread / (spread.std() + 1e-9) + 0.5 * _noise(rng, len(time), 60, 500 * pitch, 0.6)


def _telephone(time: np.ndarray, pitch: float, tempo: float, rng: np.random.Generator) -> np.ndarray:
    ring = (_tone(time, 950 * pitch) + _tone(time, 1180 * pitch)) * (np.sin(2 * np.pi * 20 * tempo * time) > 0)
    return ring * (((1.1 * tempo * time + rng.uniform(0, 1)) % 1.0) < 0.62)


MAKERS: dict[str, Maker] = {
    "a siren": _siren,
    "a church bell": _bell,
    "a barking dog": _dog,
    "chirping birds": _birds,
    "rain": _rain,
    "wind": _wind,
    "a ticking clock": _clock,
    "a running engine": _engine,
    "a drum": _drum,
    "an alarm beeping": _alarm,
    "a whistle": _whistle,
    "footsteps": _footsteps,
    "knocking on a door": _knocking,
    "sea waves": _waves,
    "a crackling fire": _fire,
    "a telephone ringing": _telephone,
}
KINDS = tuple(MAKERS)

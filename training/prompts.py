"""Stretches of held-out music to be continued, and what really followed: the same at every evaluation.

**The fixed prompts.** 16 bars are heard, 8 are to come. The pieces are those that no training learns from
(`split.py`); collections take turns in the order of their names, each with its pieces in the order of a
hash of their names, until there are enough. A piece takes part where 24 bars in a row have one meter, and
three in four of the heard and of the following bars have notes; of several such stretches a number drawn by
the piece's name decides. A preset that is not for all music is asked about its own (`suits`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

from datasets import Dataset

from meloformer.model.score import Score
from meloformer.training.bars import in_bars
from meloformer.training.rows import Piece, piece_of
from meloformer.training.split import number_of, split

PROMPTS = 24
HEARD, FOLLOWING = 16, 8  # bars
LEAST_FILLED = 0.75  # of the bars

Suits = Callable[[Sequence[int]], bool]
"""Whether a piece of these instruments, 0 to 128, is asked about."""


def any_music(instruments: Sequence[int]) -> bool:
    """Every piece."""
    return True


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is heard of a held-out piece from `first_bar` on (0 is its first), and what really followed."""

    collection: str
    name: str
    first_bar: int
    heard: Score
    real: Score

    @property
    def title(self) -> str:
        """Where it is from, such as `hymns/Nun danket, bars 9 to 24`."""
        last = self.first_bar + len(self.heard.meters)
        place = f"{self.collection}/{self.name}" if self.collection else self.name
        return f"{place}, bars {self.first_bar + 1} to {last}"

    @property
    def copy(self) -> Score:
        """The last of what was heard once more, for as many bars as followed."""
        heard, wanted = len(self.heard.meters), len(self.real.meters)
        return repeated(self.heard.bars(max(0, heard - wanted), heard), wanted)


def repeated(score: Score, bars: int) -> Score:
    """The first so many bars of a score that is played again and again."""
    notes, meters, start = list(score.notes), list(score.meters), score.ticks
    while len(meters) < bars:
        notes += [note._replace(onset=note.onset + start, end=note.end + start) for note in score.notes]
        meters += score.meters
        start += score.ticks
    return Score(tuple(meters), score.tempos, tuple(notes)).bars(0, bars)


def fixed_prompts(
    store: Dataset,
    count: int = PROMPTS,
    heard: int = HEARD,
    following: int = FOLLOWING,
    suits: Suits = any_music,
) -> list[Prompt]:
    """The first so many of the fixed prompts; fewer where the held-out pieces give no more."""
    found: list[Prompt] = []
    for piece in _in_turns(store, suits):
        prompt = _prompt(piece, heard, following) if len(found) < count else None
        found += [prompt] if prompt else []
        if len(found) >= count:
            break
    return found


def last_bars(store: Dataset, count: int = PROMPTS, suits: Suits = any_music) -> list[Prompt]:
    """So many held-out pieces that are long enough, each with its own end as what follows."""
    bars = HEARD + FOLLOWING
    long = (piece for piece in _in_turns(store, suits) if len(piece.score.meters) >= bars)
    return [_from(piece, len(piece.score.meters) - bars, HEARD, FOLLOWING) for piece in islice(long, count)]


def _in_turns(store: Dataset, suits: Suits) -> Iterator[Piece]:
    """Every held-out piece that suits, a piece of each collection at a time."""
    of_each = _held_out(store, suits)
    for pieces in of_each.values():
        pieces.sort(key=lambda piece: number_of(piece.name))
    for turn in zip_longest(*(of_each[name] for name in sorted(of_each))):
        yield from (piece for piece in turn if piece is not None)


def _held_out(store: Dataset, suits: Suits) -> dict[str, list[Piece]]:
    """The held-out pieces that suit, by their collections."""
    of_each: dict[str, list[Piece]] = {}
    for index in split(store).held_out:
        piece = piece_of(store[index])
        if suits(piece.score.instruments()):
            of_each.setdefault(piece.collection, []).append(piece)
    return of_each


def _prompt(piece: Piece, heard: int, following: int) -> Prompt | None:
    starts = [bar for bar in range(len(piece.score.meters)) if _is_good(piece.score, bar, heard, following)]
    if not starts:
        return None
    return _from(piece, random.Random(piece.name).choice(starts), heard, following)


def _is_good(score: Score, first: int, heard: int, following: int) -> bool:
    middle, stop = first + heard, first + heard + following
    if stop > len(score.meters) or len(set(score.meters[first:stop])) > 1:
        return False
    return _filled(score, first, middle) and _filled(score, middle, stop)


def _filled(score: Score, first: int, stop: int) -> bool:
    bars = in_bars(score.bars(first, stop))
    return sum(bool(bar) for bar in bars) >= LEAST_FILLED * len(bars)


def random_prompts(
    store: Dataset,
    count: int,
    most_heard: int = HEARD,
    following: int = FOLLOWING,
    suits: Suits = any_music,
) -> Iterator[Prompt]:
    """So many stretches of 1 to `most_heard` bars from anywhere in the held-out pieces, as they come.

    Each has a note in what is heard. Collections are equally likely, then pieces, then bars; the same each
    time. None where no piece suits.
    """
    chance, of_each = random.Random(0), _held_out(store, suits)
    while count and of_each:
        piece = chance.choice(of_each[chance.choice(sorted(of_each))])
        prompt = _from(
            piece, chance.randrange(len(piece.score.meters)), chance.randint(1, most_heard), following
        )
        if prompt.heard.notes:
            count -= 1
            yield prompt


def _from(piece: Piece, first: int, heard: int, following: int) -> Prompt:
    bars = len(piece.score.meters)
    middle, stop = min(bars, first + heard), min(bars, first + heard + following)
    real = piece.score.bars(middle, stop)
    return Prompt(piece.collection, piece.name, first, piece.score.bars(first, middle), real)


def others(prompts: Sequence[Prompt]) -> list[Score]:
    """For each prompt what another piece has to say: what followed the next prompt, or the first one."""
    return [prompt.real for prompt in [*prompts[1:], *prompts[:1]]]

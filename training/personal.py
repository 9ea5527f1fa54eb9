"""What a musician wants to know of a fine-tuning: how much nearer it came, and how much it merely copies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datasets import Dataset

from meloformer.model.decoder import collect
from meloformer.model.network import Network
from meloformer.model.performer import Performer
from meloformer.model.sampling import Sampling
from meloformer.model.score import Score
from meloformer.model.telling import told
from meloformer.training import checkpoint
from meloformer.training.copied import learn
from meloformer.training.journal import measured
from meloformer.training.rows import piece_of
from meloformer.training.split import split

BARS = 8  # heard, and answered


@dataclass(frozen=True, slots=True)
class Moved:
    """Bits per note on held-out bars before the first step, and of the weights that are published."""

    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Copied:
    """The longest run of notes from the training pieces: in a sample answer, and in the real bars there."""

    answer: int
    music: int


@dataclass(frozen=True, slots=True)
class Result:
    """How a fine-tuning went: after how many of its steps the published weights were made, and what they do.

    `moved` and `copied` are None where nothing was measured before the first step.
    """

    step: int
    steps: int
    moved: Moved | None
    copied: Copied | None

    def facts(self) -> dict[str, str]:
        """What travels in the weights file."""
        facts: dict[str, str] = {}
        if self.moved:
            facts["held_out_bits_per_note_before"] = str(self.moved.before)
            facts["held_out_bits_per_note"] = str(self.moved.after)
        if self.copied:
            facts["longest_copied_notes"] = str(self.copied.answer)
            facts["longest_copied_notes_in_held_out_music"] = str(self.copied.music)
        return facts


def result_of(run: Path, file: Path, store: Dataset) -> Result:
    """How the run in this folder went, whose published checkpoint is `file`."""
    saved = checkpoint.read(file)
    bits = measured(run, steps := checkpoint.step_of(run))
    step = int(saved["step"])
    if not {0, step} <= bits.keys():
        return Result(step, steps, None, None)
    return Result(step, steps, Moved(bits[0], bits[step]), copied(checkpoint.average_of(saved), store))


def copied(network: Network, store: Dataset) -> Copied | None:
    """Let it answer the beginning of a held-out piece; that and the real bars beside what it learnt from."""
    parts = split(store)
    if not parts.held_out:
        return None
    score = piece_of(store[parts.held_out[0]]).score
    heard = max(1, min(BARS, len(score.meters) // 2))
    stop = min(len(score.meters), heard + BARS)
    answer, music = learn(store).longest_runs(
        [_answer(network, score.bars(0, heard)), score.bars(heard, stop)]
    )
    return Copied(answer, music)


def _answer(network: Network, heard: Score) -> Score:
    performer = Performer(network, Sampling(), seed=1)
    for event in told(heard):
        performer.hear(event)
    return collect(performer.answer(BARS))

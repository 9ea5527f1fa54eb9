"""A piano roll as a PNG: what was heard on the left, what was answered on the right.

Needs matplotlib, which comes with the extra `pictures`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from meloformer.model.score import Note, Score
from meloformer.model.vocabulary import DRUMS, TICKS_PER_QUARTER, VELOCITIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAMILIES = (
    *("piano", "chromatic percussion", "organ", "guitar", "bass", "strings", "ensemble", "brass"),
    *("reed", "pipe", "synth lead", "synth pad", "synth effects", "ethnic", "percussive", "sound effects"),
)
COLOURS = ("#3b6fb6", "#d1495b", "#2e8b57", "#e09f3e", "#7b5ea7", "#00838f", "#8d6e63", "#c2185b")
DRUM_COLOUR = "#555555"
DPI = 110


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        return False
    return True


def draw(score: Score, heard_bars: int, path: Path, title: str) -> None:
    """Draw the score to a PNG file; the bars from `heard_bars` on are marked as the answer."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(min(40.0, max(8.0, 0.9 * len(score.meters))), 7.0), layout="constrained")
    pitched, drums = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    _draw_notes(pitched, [note for note in score.notes if note.instrument != DRUMS])
    _draw_notes(drums, [note for note in score.notes if note.instrument == DRUMS])
    for axes, name in ((pitched, "pitch"), (drums, "drums")):
        _draw_bars(axes, score, heard_bars)
        axes.set_ylabel(name)
    figure.suptitle(title, x=0.01, ha="left")
    if score.notes:
        figure.legend(loc="outside upper right", ncols=6, fontsize="small")
    drums.set_xlabel("bar")
    figure.savefig(path, dpi=DPI)


def name_of(instrument: int) -> str:
    """An instrument as a person says it, such as `bass (33)`; drums are `drums`."""
    return "drums" if instrument == DRUMS else f"{FAMILIES[instrument // 8]} ({instrument})"


def _draw_notes(axes: Axes, notes: list[Note]) -> None:
    """One bar a note; the harder it is played, the fuller its colour."""
    instruments = sorted({note.instrument for note in notes})
    for index, instrument in enumerate(instruments):
        played = [note for note in notes if note.instrument == instrument]
        axes.barh(
            y=[note.pitch for note in played],
            left=[_quarters(note.onset) for note in played],
            width=[_quarters(note.end - note.onset) for note in played],
            height=0.85,
            color=[(_colour(index, instrument), 0.35 + 0.65 * n.velocity / (VELOCITIES - 1)) for n in played],
            label=name_of(instrument),
        )


def _draw_bars(axes: Axes, score: Score, heard_bars: int) -> None:
    """Bar lines, bar numbers, and a shade behind the answer."""
    lines = [_quarters(tick) for tick in score.bar_starts]
    axes.axvspan(lines[heard_bars], lines[-1], color="#fff3c4", zorder=0)
    axes.vlines(lines, 0, 1, transform=axes.get_xaxis_transform(), color="#bbbbbb", linewidth=0.6, zorder=0.5)
    step = max(1, len(lines) // 32)
    axes.set_xticks(lines[:-1:step], [str(bar + 1) for bar in range(0, len(lines) - 1, step)])
    axes.set_xlim(lines[0], lines[-1])


def _colour(index: int, instrument: int) -> str:
    return DRUM_COLOUR if instrument == DRUMS else COLOURS[index % len(COLOURS)]


def _quarters(ticks: int) -> float:
    return ticks / TICKS_PER_QUARTER

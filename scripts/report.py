"""A page to look through in five minutes: tables, and every prompt with its answer as .mid and piano roll."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from symusic.core import TextMetaTick

from meloformer.model.midi import to_symusic
from meloformer.model.score import Score, TempoChange
from meloformer.model.vocabulary import TICKS_PER_QUARTER
from meloformer.scripts.audition import SEEDS, Audition
from meloformer.scripts.picture import draw
from meloformer.scripts.progress import moving
from meloformer.scripts.tables import Grid, in_page
from meloformer.training.measures import MEASURES

if TYPE_CHECKING:
    from meloformer.training.prompts import Prompt

PAGE: Final = "report.html"
WORST: Final = 3
STYLE: Final = """
body { font-family: sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; font-size: 0.85rem; }
td, th { padding: 0.2rem 0.6rem; text-align: right; border-bottom: 1px solid #ddd; }
td:first-child, th:first-child { text-align: left; }
img { width: 100%; }
"""


def write_report(folder: Path, grids: Sequence[Grid], audition: Audition | None) -> Path:
    """Write the page, and beside it a .mid and a .png for each prompt; gives the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [in_page(grid) for grid in grids]
    if audition is not None:
        parts += [_legend(), *_prompts(folder, audition)]
    page = folder / PAGE
    title = "MeloFormer: what was measured" if audition is None else f"{audition.preset}: what was measured"
    page.write_text(
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>\n<h1>{escape(title)}</h1>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n",
        encoding="utf-8",
    )
    return page


def _legend() -> str:
    """What each measure is, from the table of measures."""
    lines = [
        f"<li><b>{row.name}</b> ({escape(_range(row.low, row.high))} {escape(row.unit)}): "
        f"{escape(row.meaning)}; {escape(row.source)}</li>"
        for row in MEASURES.values()
    ]
    return (
        "<h3>The measures</h3>\n<p>Read them all at once. A copy of the last bars has the key and groove of "
        "real music and is betrayed by its echo; another piece is betrayed by what it does not share.</p>\n"
        f"<ul>\n{''.join(lines)}\n</ul>"
    )


def _range(low: float, high: float | None) -> str:
    return f"{low:g} and more" if high is None else f"{low:g} to {high:g}"


def _prompts(folder: Path, audition: Audition) -> list[str]:
    """The prompts as sections of the page, the three farthest from real music first."""
    order = audition.comparison.worst(audition.preset)
    order = [*order[:WORST], *sorted(order[WORST:])]
    sections = []
    with moving("pictures", len(order)) as show:
        for done, index in enumerate(order, 1):
            sections.append(_section(folder, audition, index, is_worst=done <= WORST))
            show(done, f"{done} of {len(order)} prompts")
    return sections


def _section(folder: Path, audition: Audition, index: int, is_worst: bool) -> str:
    prompt, answers = audition.comparison.prompts[index], audition.answers[index]
    stem = f"{index + 1:02}"
    for seed, answer in zip(SEEDS, answers, strict=True):
        _write_midi(prompt, answer, folder / f"{stem}-seed{seed}.mid")
    heard = len(prompt.heard.meters)
    draw(
        joined(prompt.heard, answers[0]), heard, folder / f"{stem}.png", f"{audition.preset}, seed {SEEDS[0]}"
    )
    draw(joined(prompt.heard, prompt.real), heard, folder / f"{stem}-real.png", "what really followed")
    links = ", ".join(f'<a href="{stem}-seed{seed}.mid">seed {seed}</a>' for seed in SEEDS)
    mark = " (one of the three farthest from real music)" if is_worst else ""
    return (
        f"<h3>{index + 1}. {escape(prompt.title)}{mark}</h3>\n"
        f"<p>{escape(_numbers(audition, index))}; {links}</p>\n"
        f'<img src="{stem}.png" alt="the answer, shaded">\n'
        f'<img src="{stem}-real.png" alt="what really followed">'
    )


def _numbers(audition: Audition, index: int) -> str:
    """What the first answer to a prompt measures, beside what really followed."""
    values = audition.comparison.values
    return ", ".join(
        f"{name} {values[audition.preset][name][index, 0]:.2f} (real {values['real'][name][index, 0]:.2f})"
        for name in values[audition.preset]
    )


def _write_midi(prompt: Prompt, answer: Score, path: Path) -> None:
    """Prompt and answer as one file, with a marker where the answer begins."""
    raw = to_symusic(joined(prompt.heard, answer))
    raw.markers.append(
        TextMetaTick(prompt.heard.ticks * raw.ticks_per_quarter // TICKS_PER_QUARTER, "answer")
    )
    path.write_bytes(raw.dumps_midi())


def joined(heard: Score, after: Score) -> Score:
    """One score behind the other."""
    start = heard.ticks
    notes = [note._replace(onset=note.onset + start, end=note.end + start) for note in after.notes]
    tempos = [TempoChange(tick + start, step) for tick, step in after.tempos]
    changes = [change for change in tempos if change.step != heard.tempo_at(change.tick)]
    return Score((*heard.meters, *after.meters), (*heard.tempos, *changes), (*heard.notes, *notes))

"""The README says what is true: its commands, its addresses, its map and its numbers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import typer

from meloformer.bridge import incoming as osc
from meloformer.bridge.border import read
from meloformer.bridge.incoming import INCOMING
from meloformer.bridge.outgoing import OUTGOING, OutBegin, OutEnd, State, Status
from meloformer.bridge.session.answering import ENDLESS_BARS
from meloformer.model.events import BarStart, NoteOn
from meloformer.model.network import Network
from meloformer.model.score import Meter
from meloformer.model.shape import SIZES
from meloformer.scripts.cli import app
from rehearsal import Rehearsal

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
SHELL = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
MAPPED = ("bridge", "model", "presets", "scripts", "training")
UNMAPPED = ("__init__.py", "py.typed")  # every package has them; they say nothing
START = "python3 scripts/start"


def commands(program: str) -> list[list[str]]:
    """The arguments of every line in a shell block that runs this program."""
    lines = [without_torchrun(shlex.split(line, comments=True)) for line in SHELL]
    return [words[1:] for words in lines if words and Path(words[0]).name == program]


def without_torchrun(words: list[str]) -> list[str]:
    """What torchrun starts, where a line does."""
    return words[3:] if words[1:2] == ["--nproc-per-node"] else words


def map_of_the_readme() -> Iterator[tuple[str, str]]:
    """Each file of the map with its phrase; folders stand on lines that end with a slash."""
    (tree,) = (block for kind, block in BLOCKS if kind == "text" and "bridge/" in block)
    folders: list[str] = []
    for line in tree.splitlines():
        depth, (name, _, phrase) = (len(line) - len(line.lstrip())) // 2, line.strip().partition(" ")
        if name.endswith("/"):
            folders = [*folders[:depth], name]
        else:
            yield "".join([*folders[:depth], name]), phrase.strip()


def files_on_disk() -> set[str]:
    found = (path for folder in MAPPED for path in (ROOT / folder).rglob("*") if path.is_file())
    kept = (path for path in found if "__pycache__" not in path.parts and path.name not in UNMAPPED)
    return {path.relative_to(ROOT).as_posix() for path in kept}


def test_the_map_names_every_file_once_and_no_other() -> None:
    named = [file for file, _ in map_of_the_readme()]
    assert len(named) == len(set(named))
    assert sorted(files_on_disk() - set(named)) == []
    assert sorted(set(named) - files_on_disk()) == []


def test_the_map_has_a_phrase_for_every_file() -> None:
    assert [file for file, phrase in map_of_the_readme() if not phrase] == []


@pytest.mark.parametrize("words", commands("meloformer"), ids=" ".join)
def test_every_meloformer_command_is_one_that_the_command_line_takes(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("my-presets", "my-music", "my-data"):
        (tmp_path / folder).mkdir()
    command = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    command.make_context("meloformer", list(words))


def starts() -> list[str]:
    """The options of every start of the bridge, in a block or in a sentence."""
    lines = [shlex.join(words[1:]) for words in commands("python3") if words[0] == "scripts/start"]
    return [*lines, *re.findall(rf"`{START} ([^`]+)`", README)]


@pytest.mark.parametrize("options", sorted({*starts()}))
def test_every_start_has_options_that_the_bridge_takes(
    options: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-presets").mkdir()
    typer.main.get_command(app).commands["bridge"].make_context("start", shlex.split(options))


def test_start_hands_its_options_to_the_bridge() -> None:
    """So it says itself; what it does first would make an environment."""
    code = (ROOT / "scripts" / "start").read_text(encoding="utf-8")
    assert 'environment.program("meloformer"), "bridge", *sys.argv[1:]]' in code
    assert {f"--{word}" for word in ("preset", "takes", "engine")} <= set(" ".join(starts()).split())


def test_nothing_that_is_not_on_the_path_is_written_as_a_command() -> None:
    """On Linux `bridge` is another program, and `scripts/start` puts no `meloformer` on the path."""
    assert not re.findall(r"`bridge -|`meloformer bridge", README)
    assert not [line for line in SHELL if line.startswith(("meloformer", "bridge"))]


def status(session: Rehearsal) -> dict[str, object]:
    session.receives(osc.AskStatus())
    pairs = session.sent(Status)[-1].pairs
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def test_without_a_clock_tempo_and_meter_are_as_said_until_they_are_set_and_outlast_a_reset() -> None:
    session = Rehearsal()
    assert (status(session)["bpm"], status(session)["meter"], status(session)["free"]) == (120, "4/4", 0)
    session.receives(osc.TransportTempo(90), osc.TransportMeter(3, 4), osc.Reset())
    assert (status(session)["bpm"], status(session)["meter"]) == (90, "3/4")


def test_music_without_end_comes_in_answers_of_eight_bars_and_is_never_idle_between_them() -> None:
    assert ENDLESS_BARS == 8
    session = Rehearsal()
    session.plays(60)
    session.receives(osc.Continue(0))
    for chunk in range(3):
        bars = [BarStart(96 * (1 + 8 * chunk + number), Meter(4, 4)) for number in range(8)]
        session.says(bars[0], NoteOn(bars[0].tick, 0, 60, 20), *bars[1:], end="done")
        session.waits(beats=31)
    assert [end.reason for end in session.sent(OutEnd)] == ["done", "done"]
    assert [begin.bars for begin in session.sent(OutBegin)] == [8, 8, 8]
    assert "idle" not in [state.state for state in session.sent(State)]
    session.receives(osc.Stop())
    assert session.sent(State)[-1].state == "idle"


def test_the_two_commands_are_there_and_exist() -> None:
    named = [words[0] for words in commands("python3")]
    assert {"scripts/start", "scripts/test"} <= set(named)
    assert all((ROOT / name).is_file() for name in named)


def test_every_address_in_the_text_is_in_the_table() -> None:
    known = {*INCOMING, *(row.address for row in OUTGOING.values())}
    named = set(re.findall(r"/melo/[a-z_/]*[a-z]", README))
    assert named <= known


@pytest.mark.parametrize("words", commands("oscsend"), ids=" ".join)
def test_every_oscsend_line_sends_what_the_bridge_takes(words: list[str]) -> None:
    _, _, address, *rest = words
    types, said = (rest[0], rest[1:]) if rest else ("", [])
    read(
        address,
        [{"i": int, "f": float, "s": str}[kind](word) for kind, word in zip(types, said, strict=True)],
    )


def test_every_environment_variable_in_the_text_is_read_somewhere() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "scripts").glob("*.py"))
    assert all(f'"{name}"' in code for name in re.findall(r"MELOFORMER_[A-Z]+", README))


@pytest.mark.parametrize("size", SIZES)
def test_the_parameter_count_of_each_size_is_true(size: str) -> None:
    (said,) = re.findall(rf"^\| `{size}` .*\| ([\d.]+) M \|", README, re.MULTILINE)
    with torch.device("meta"):
        count = sum(parameter.numel() for parameter in Network(SIZES[size]).parameters())
    assert float(said) == round(count / 1e6, 1)


def test_every_link_to_a_file_leads_to_one() -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []

"""The README says what is true: its commands, its addresses, its map and its numbers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import typer

from meloformer.bridge.border import read
from meloformer.bridge.incoming import INCOMING
from meloformer.bridge.outgoing import OUTGOING
from meloformer.model.network import Network
from meloformer.model.shape import SIZES
from meloformer.scripts.cli import app

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
SHELL = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
MAPPED = ("bridge", "model", "presets", "scripts", "training")
UNMAPPED = ("__init__.py", "py.typed")  # every package has them; they say nothing


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

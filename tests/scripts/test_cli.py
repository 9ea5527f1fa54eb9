"""Every verb: 0 on success, 2 for wrong arguments, 1 and one line for anything else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from meloformer.model.midi import MidiError
from meloformer.scripts.cli import in_one_line

VERBS = ("bridge", "clients", "continue", "demo", "doctor", "presets")


def test_help_names_every_verb(meloformer) -> None:
    outcome = meloformer("--help")
    assert outcome.code == 0
    assert all(verb in outcome.out for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(meloformer, verb: str) -> None:
    outcome = meloformer(verb, "--help")
    assert (outcome.code, outcome.err) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["sing"],
        ["bridge", "--loud"],
        ["bridge", "--osc", "7400"],
        ["bridge", "--osc", "127.0.0.1:70000"],
        ["bridge", "--midi", "din"],
        ["bridge", "--presets", "/no/such/folder"],
        ["bridge", "--seed", "-1"],
        ["bridge", "--midi", "none", "--midi-in", "Foo"],
        ["bridge", "--midi", "none", "--midi-out", "Foo"],
        ["continue", "in.mid"],
        ["continue", "in.mid", "out.mid", "--bars", "0"],
        ["continue", "in.mid", "out.mid", "--bars", "2.5"],
        ["continue", "in.mid", "out.mid", "--temperature", "nan"],
        ["continue", "in.mid", "out.mid", "--top-p", "1.01"],
        ["continue", "in.mid", "out.mid", "--device", "abacus"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_end_with_2_before_anything_is_done(meloformer, arguments: list[str]) -> None:
    outcome = meloformer(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err != ""


def test_without_a_verb_the_help_is_shown(meloformer) -> None:
    outcome = meloformer()
    assert outcome.code == 2
    assert "continue" in outcome.out + outcome.err


def test_an_error_of_ours_is_told_in_its_own_words_on_one_line() -> None:
    assert in_one_line(MidiError("a.mid: it is\n  damaged; export it again")) == (
        "a.mid: it is damaged; export it again"
    )


def test_a_path_that_cannot_be_written_is_named() -> None:
    assert in_one_line(PermissionError(13, "Permission denied", "/out.mid")) == (
        "/out.mid: Permission denied; choose another path"
    )


def test_an_unexpected_error_says_how_to_see_where_it_came_from() -> None:
    line = in_one_line(KeyError("x"))
    assert "KeyError" in line
    assert "MELOFORMER_TRACEBACK=1" in line


def test_the_way_to_the_traceback_works(meloformer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MELOFORMER_TRACEBACK", "1")
    with pytest.raises(MidiError):
        meloformer("continue", tmp_path / "none.mid", tmp_path / "out.mid")


def test_the_command_line_starts_without_torch() -> None:
    """--help answers at once; PyTorch alone would take seconds."""
    said = "import sys, meloformer.scripts.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said]).returncode == 0


def test_ctrl_c_while_the_command_line_is_imported_ends_without_a_traceback() -> None:
    """Whichever import it hits: here the first verb's."""
    said = """
import sys
class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == "meloformer.scripts.accompany_verb":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
import meloformer.scripts.cli
"""
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_the_installed_command_is_the_same(meloformer) -> None:
    installed = Path(sys.executable).with_name("meloformer")
    done = subprocess.run([installed, "sing"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "sing" in done.stderr

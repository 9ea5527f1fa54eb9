"""Presets of a folder by their names: which there are, which is meant, and what is no preset."""

from __future__ import annotations

from pathlib import Path

import pytest

from meloformer.presets.errors import PresetNotFoundError
from meloformer.presets.reader import find, name_of, names


def test_names_are_sorted_and_a_broken_preset_hides_no_other(tmp_path: Path) -> None:
    for name in ("waltz", "band", "ambient"):
        (tmp_path / f"{name}.yaml").write_text("[[[")
    assert names(tmp_path) == ["ambient", "band", "waltz"]


def test_what_an_editor_leaves_behind_is_no_preset(tmp_path: Path) -> None:
    left = ["band.yaml~", ".band.yaml", ".band.yaml.swp", "#band.yaml#", "band.yaml.tmp", "band copy.yaml"]
    for name in left:
        (tmp_path / name).touch()
    (tmp_path / "folder.yaml").mkdir()
    assert names(tmp_path) == []


def test_a_preset_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "band.yaml").touch()
    assert find("band", tmp_path) == tmp_path / "band.yaml"


@pytest.mark.parametrize(
    "name", ["../band", "../../x", "band.yaml", "", ".", "/band", "Band", "band\n", "a" * 999]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "band.yaml").touch()
    (tmp_path / "inside" / "tune.yaml").touch()
    with pytest.raises(PresetNotFoundError):
        find(name, tmp_path / "inside")


def test_a_name_that_is_not_there_is_answered_with_what_is(tmp_path: Path) -> None:
    (tmp_path / "band.yaml").touch()
    (tmp_path / "waltz.yaml").touch()
    with pytest.raises(PresetNotFoundError, match=r"no preset 'bnad' .*band, waltz; did you mean band\?"):
        find("bnad", tmp_path)


@pytest.mark.parametrize(("file", "name"), [("band.yaml", "band"), ("band.yml", None), ("B.yaml", None)])
def test_a_file_is_named_by_its_stem(file: str, name: str | None) -> None:
    assert name_of(Path("somewhere", file)) == name

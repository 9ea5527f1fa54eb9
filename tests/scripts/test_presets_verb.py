"""`meloformer presets`: listing, showing, checking, and the schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

BAND = "format: 1\nname: band\ndescription: Four friends.\nweights: band.safetensors\nparts: []\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one right preset and one wrong one."""
    (tmp_path / "band.safetensors").touch()
    (tmp_path / "band.yaml").write_text(BAND)
    (tmp_path / "broken.yaml").write_text(BAND.replace("band", "broken").replace("parts: []", "loudness: 11"))
    return tmp_path


def test_list_names_every_preset_and_what_is_wrong_with_a_broken_one(meloformer, folder: Path) -> None:
    outcome = meloformer("presets", "list", "--presets", folder)
    assert outcome.code == 0
    assert "Four friends." in outcome.out
    assert "loudness" in outcome.out


def test_show_gives_a_preset_that_says_everything_and_can_be_read_again(meloformer, folder: Path) -> None:
    outcome = meloformer("presets", "show", "band", "--presets", folder)
    assert outcome.code == 0
    assert yaml.safe_load(outcome.out)["sampling"]["temperature"] == 1.0
    (folder / "band.yaml").write_text(outcome.out)
    assert meloformer("presets", "show", "band", "--presets", folder) == outcome


def test_check_accepts_a_right_file_by_path_and_by_name(meloformer, folder: Path) -> None:
    assert meloformer("presets", "check", folder / "band.yaml").code == 0
    assert meloformer("presets", "check", "band", "--presets", folder).code == 0


def test_check_names_line_and_field_of_a_mistake_on_one_line(meloformer, folder: Path) -> None:
    outcome = meloformer("presets", "check", folder / "broken.yaml")
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert "line 5, loudness" in outcome.err


def test_check_refuses_a_suffix_by_which_no_preset_is_found(meloformer, folder: Path) -> None:
    (folder / "band.yaml").rename(folder / "band.yml")
    outcome = meloformer("presets", "check", folder / "band.yml")
    assert (outcome.code, outcome.out) == (1, "")
    assert "ends in .yaml, not in .yml; rename it to band.yaml" in outcome.err


def test_an_unknown_preset_is_answered_with_those_there_are(meloformer, folder: Path) -> None:
    outcome = meloformer("presets", "show", "bend", "--presets", folder)
    assert outcome.code == 1
    assert "band" in outcome.err


def test_the_schema_is_a_schema_and_takes_what_the_reader_takes(meloformer) -> None:
    schema = json.loads(meloformer("presets", "schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(BAND), schema)

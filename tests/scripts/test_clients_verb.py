"""`meloformer clients`."""

from __future__ import annotations

from pathlib import Path


def test_clients_copies_the_patches_and_names_each(meloformer, tmp_path: Path) -> None:
    outcome = meloformer("clients", tmp_path / "patches")
    assert outcome.code == 0
    copied = [Path(line) for line in outcome.out.splitlines()]
    assert set(copied) == set((tmp_path / "patches").iterdir()) != set()


def test_clients_says_in_one_line_what_it_will_not_overwrite(meloformer, tmp_path: Path) -> None:
    (tmp_path / "meloformer.maxpat").write_text("mine")
    outcome = meloformer("clients", tmp_path)
    assert outcome.code == 1
    assert outcome.err.count("\n") == 1
    assert "meloformer.maxpat is another file already" in outcome.err

"""A checkpoint becomes a preset: weights first, then the file that names them, each in one rename."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import yaml
from datasets import Dataset
from safetensors import SafetensorError

from meloformer.model import weights
from meloformer.model.network import Network
from meloformer.model.weights import part_of
from meloformer.presets import DEFAULT, SHIPPED
from meloformer.presets.document import UnreadableError, parse
from meloformer.presets.reader import upgraded
from meloformer.training.checkpoint import average_of, read
from meloformer.training.errors import PublishError
from meloformer.training.journal import last_bits_per_note, recipe_of
from meloformer.training.split import split

LIKE = SHIPPED / f"{DEFAULT}.yaml"  # the preset whose settings a new one starts with


def publish(checkpoint: Path, preset: Path, facts: Mapping[str, str], like: Path = LIKE) -> None:
    """Write the running average of a checkpoint as the weights of `preset`, a path `FOLDER/NAME.yaml`.

    `facts` travel in the weights file. A preset file that is there stays as it is, and is touched so that a
    bridge that watches the folder takes the new weights over; a new one gets the settings of the file `like`.
    Raises PublishError where the preset plays another weights file, or there is no room, and RunError for no
    whole checkpoint.
    """
    saved = read(checkpoint)
    network = average_of(saved)
    file = preset.with_suffix(".safetensors")
    text = None if preset.exists() else new_preset(preset.stem, file.name, facts, like)
    _refuse_if_unusable(network, checkpoint)
    _refuse_if_other_weights(preset, file)
    facts = {"steps": str(saved["step"]), "tokens_seen": str(saved["seen"]), **facts}
    with _whole_or_not_at_all(preset, file):
        preset.parent.mkdir(parents=True, exist_ok=True)
        weights.save(network, file, facts)
        if text is None:
            preset.touch()
        else:
            _write(preset, text)


@contextmanager
def _whole_or_not_at_all(*files: Path) -> Iterator[None]:
    """What is half written when the disk is full goes again; files that were there stay as they were."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        for file in files:
            part_of(file).unlink(missing_ok=True)
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise PublishError(
            f"{files[0]} cannot be written ({reason}); make room, then --resume: the checkpoint is kept"
        ) from error


def facts_of(run: Path, store: Dataset, terms: str) -> dict[str, str]:
    """What a weights file should tell of the run in this folder: data and its terms, recipe, result, date."""
    bits = last_bits_per_note(run)
    parts = split(store)
    collections = ", ".join(sorted(set(store["collection"]) - {""}))
    return {
        "data": f"{len(parts.training)} pieces{collections and f' of {collections}'}",
        "terms": terms,
        "recipe": json.dumps(asdict(recipe_of(run))),
        "held_out_bits_per_note": "not measured" if bits is None else str(bits),
        "date": datetime.now(UTC).date().isoformat(),
        "made_with": f"meloformer {version('meloformer')}",
    }


def new_preset(name: str, file: str, facts: Mapping[str, str], like: Path) -> str:
    """The text of a preset with the settings of another, under a name and with weights of its own."""
    own = {"name": name, "description": f"Trained on {facts.get('data', 'music')}."[:1000], "weights": file}
    said = {**_said_by(like), **own}
    settings = yaml.safe_dump(said, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
    return f"# `meloformer presets show {name}` prints every setting there is, with its value.\n{settings}"


def _said_by(preset: Path) -> dict[str, Any]:
    try:
        return dict(upgraded(parse(preset.read_bytes()).data))
    except UnreadableError as error:
        raise PublishError(f"{preset}: {error}; mend it, or choose another name") from error


def _refuse_if_unusable(network: Network, checkpoint: Path) -> None:
    """Weights travel in 16 bits; whoever loads them would refuse what is no number there."""
    if not all(bool(torch.isfinite(tensor.half()).all()) for tensor in network.state_dict().values()):
        raise PublishError(f"{checkpoint}: its weights are beyond 16 bits; train again at lower rates")


def _refuse_if_other_weights(preset: Path, file: Path) -> None:
    """A preset that is there must play the file that is to be written."""
    named = _said_by(preset).get("weights") if preset.exists() else file.name
    if named != file.name:
        raise PublishError(
            f"{preset} plays {named}, not {file.name}; change that line, or choose another name"
        )


def _write(preset: Path, text: str) -> None:
    part = part_of(preset)
    part.write_text(text, encoding="utf-8")
    os.replace(part, preset)

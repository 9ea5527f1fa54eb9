"""Weights travel with their shape and vocabulary; whatever does not fit is refused by name."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from meloformer.model.arrays import Arrays
from meloformer.model.network import Network
from meloformer.model.shape import SIZES, tensor_shapes
from meloformer.model.vocabulary import fingerprint
from meloformer.model.weights import DeviceError, WeightsError, facts_of, load, load_to_play, resolved, save
from music import TINY, network

Tensors = dict[str, torch.Tensor]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Weights of a tiny network."""
    save(network(), tmp_path / "tiny.safetensors", {"steps": "1000"})
    return tmp_path / "tiny.safetensors"


def rewritten(path: Path, facts: Mapping[str, str | None], tensors: Tensors | None = None) -> Path:
    """The same file with other facts (None: left out) or tensors."""
    told = {name: value for name, value in {**facts_of(path), **facts}.items() if value is not None}
    save_file(tensors or load_file(path), path, metadata=told)
    return path


def refused(path: Path, reason: str) -> None:
    """Loading fails on one line that names the file, the reason and a way out."""
    with pytest.raises(WeightsError, match=reason) as error:
        load(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "; " in str(error.value)


def test_what_is_saved_comes_back_in_half_precision(path: Path) -> None:
    loaded, saved = load(path), network()
    assert loaded.shape == TINY
    for name, tensor in saved.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor.half().float())
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_the_facts_are_told_with_shape_and_vocabulary(path: Path) -> None:
    expected = {"format": "1", "vocabulary": fingerprint(), "width": "64", "layers": "2", "kv_heads": "1"}
    assert facts_of(path) == {"steps": "1000", **expected}


def test_a_fact_cannot_pose_as_the_shape(tmp_path: Path) -> None:
    save(network(), tmp_path / "a.safetensors", {"width": "128", "vocabulary": "mine"})
    assert load(tmp_path / "a.safetensors").shape == TINY


def test_saving_replaces_the_file_at_once(path: Path) -> None:
    save(network(seed=1), path, {})
    assert [file.name for file in path.parent.iterdir()] == ["tiny.safetensors"]
    assert not torch.equal(load(path).token.weight, network().token.weight.half().float())


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"vocabulary": "0123456789ab"}, f"vocabulary is 0123456789ab, this version has {fingerprint()}"),
        ({"vocabulary": None}, "vocabulary is not told"),
        ({"format": "2"}, "format is 2, this version has 1"),
        ({"format": None}, "format is not told"),
        ({"width": None}, "shape in the file is unusable"),
        ({"width": "wide"}, "shape in the file is unusable"),
        ({"width": "100"}, "shape in the file is unusable"),
        ({"kv_heads": "0"}, "shape in the file is unusable"),
        ({"layers": "-1"}, "shape in the file is unusable"),
        ({"layers": "1"}, r"tensor blocks\.1\..* is missing, unknown or of another shape"),
        ({"layers": "3"}, r"tensor blocks\.2\..* is missing, unknown or of another shape"),
        ({"width": "128"}, "is missing, unknown or of another shape"),
        ({"layers": "1000000000"}, "1000000000 layers are told, but not there"),
        ({"width": "64000000"}, "is missing, unknown or of another shape"),
    ],
    ids=str,
)
def test_weights_of_another_making_are_refused(path: Path, facts: dict[str, str | None], reason: str) -> None:
    refused(rewritten(path, facts), reason)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(path: Path, value: float) -> None:
    tensors = load_file(path)
    tensors["blocks.1.attention.out.weight"][3, 5] = value
    refused(rewritten(path, {}, tensors), "infinities or NaN; take an earlier checkpoint")


def test_a_missing_and_an_unknown_tensor_are_named(path: Path) -> None:
    tensors = load_file(path)
    moved = {("extra" if name == "token.weight" else name): tensor for name, tensor in tensors.items()}
    refused(rewritten(path, {}, moved), "tensor extra is missing, unknown")


def test_a_file_cut_anywhere_is_refused(path: Path) -> None:
    data = path.read_bytes()
    for stop in (0, 1, 7, 8, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:stop])
        refused(path, "these are no safetensors")


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    """Loading one would run what its writer wanted: here, leave a file behind."""
    trace = tmp_path / "ran"

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (trace,)

    path = tmp_path / "trap.safetensors"
    for written in (pickle.dumps(Trap()), b""):
        path.write_bytes(written)
        refused(path, "these are no safetensors")
    torch.save({"weights": Trap()}, path)
    refused(path, "these are no safetensors")
    assert not trace.exists()


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "gone.safetensors", "there is no such file; check `weights` in the preset")
    refused(tmp_path, "these are no safetensors")


def test_a_loaded_network_plays_as_the_saved_one(path: Path) -> None:
    assert isinstance(load(path), Network)


def test_a_cpu_plays_in_plain_arrays(path: Path) -> None:
    assert isinstance(load_to_play(path, "cpu"), Arrays)


@pytest.mark.parametrize(
    ("version", "reason"),
    [(None, "this PyTorch was built without CUDA"), ("13.0", "PyTorch sees no CUDA GPU here")],
)
def test_a_gpu_that_is_not_there_is_refused_with_the_reason_and_the_way_out(
    path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None, reason: str
) -> None:
    monkeypatch.setattr(torch.version, "cuda", version)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=f"^no device cuda: {reason}; choose --device auto$"):
        load_to_play(path, "cuda")
    assert resolved("auto") == resolved("cpu") == "cpu"


@pytest.mark.parametrize("size", SIZES)
def test_the_tensors_of_a_shape_are_those_of_its_network(size: str) -> None:
    with torch.device("meta"):
        state = Network(SIZES[size]).state_dict()
    assert tensor_shapes(SIZES[size]) == {name: tuple(tensor.shape) for name, tensor in state.items()}

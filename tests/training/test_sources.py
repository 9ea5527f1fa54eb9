"""What there is to read in folders and archives, and nothing that an archive could do to disk or memory."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from meloformer.model.midi import to_symusic
from meloformer.training import archives
from meloformer.training.errors import StoreError
from meloformer.training.ingest import prepare
from meloformer.training.rows import piece_of
from meloformer.training.sources import Refusal, contents, sources
from meloformer.training.store import open_store
from tunes import tune, write_tunes


def song(seed: int) -> bytes:
    return bytes(to_symusic(tune(seed)).dumps_midi())


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, files: dict[str, bytes]) -> Path:
    kind = {".gz": "w:gz", ".tgz": "w:gz", ".xz": "w:xz", ".txz": "w:xz"}.get(path.suffix.lower(), "w")
    with tarfile.open(path, kind) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def packed(path: Path, files: dict[str, bytes]) -> Path:
    return zipped(path, files) if path.suffix.lower() == ".zip" else tarred(path, files)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.TGZ", "a.tar.xz", "a.txz"])
def test_an_archive_is_read_as_the_folder_in_it(tmp_path: Path, name: str) -> None:
    archive = packed(tmp_path / name, {"b/two.mid": song(2), "b/read.me": b"no music", "one.KAR": song(1)})
    assert prepare(archive, tmp_path / "data") == []
    pieces = [piece_of(row) for row in open_store(tmp_path / "data")]
    assert [(piece.collection, piece.name, piece.source) for piece in pieces] == [
        ("b", "two", "b/two.mid"),
        ("", "one", "one.KAR"),
    ]
    assert [piece.score for piece in pieces] == [tune(2), tune(1)]


def test_an_archive_in_a_folder_is_a_folder_too(tmp_path: Path) -> None:
    write_tunes(tmp_path / "songs" / "plain", 1)
    packed(tmp_path / "songs" / "packed.tar.gz", {"x/tune5.mid": song(5)})
    found, refusals = sources(tmp_path / "songs")
    assert refusals == []
    assert [(source.collection, source.name) for source in found] == [
        ("packed", "x/tune5"),
        ("plain", "tune0"),
    ]
    assert found[0].path == tmp_path / "songs" / "packed.tar.gz" / "x" / "tune5.mid"


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_a_member_whose_path_leads_out_of_its_archive_writes_nothing_anywhere(
    tmp_path: Path, name: str
) -> None:
    hostile = {"../../out.mid": song(1), "/abs.mid": song(2), "..\\..\\win.mid": song(3)}
    archive = packed(tmp_path / name, hostile)
    prepare(archive, tmp_path / "made" / "data")
    store = open_store(tmp_path / "made" / "data")
    assert store["source"] == ["out.mid", "abs.mid", "win.mid"]
    assert not list(tmp_path.rglob("*.mid"))


def test_links_in_a_tar_are_no_files(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "a.tar", {"one.mid": song(1)})
    with tarfile.open(archive, "a") as opened:
        link = tarfile.TarInfo("link.mid")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        opened.addfile(link)
    assert [source.label for source in sources(archive)[0]] == ["one.mid"]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz", "a.txz"])
def test_a_damaged_archive_is_refused_by_name_and_the_others_are_read(tmp_path: Path, name: str) -> None:
    write_tunes(tmp_path / "songs", 2)
    whole = packed(tmp_path / "songs" / name, {f"{n}.mid": song(n) + os.urandom(2000) for n in range(5, 9)})
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    refusals = prepare(tmp_path / "songs", tmp_path / "data")
    assert any(name in refusal.reason and "damaged" in refusal.reason for refusal in refusals)
    assert {"tune0", "tune1"} <= set(open_store(tmp_path / "data")["name"])


def test_a_member_that_cannot_be_unpacked_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"one.mid": song(1), "two.mid": song(2)})
    data = bytearray(archive.read_bytes())
    at = data.index(b"one.mid") + 40
    data[at] ^= 0xFF
    archive.write_bytes(data)
    (refusal,) = prepare(archive, tmp_path / "data")
    assert "one.mid" in refusal.reason
    assert "pack it again" in refusal.reason
    assert open_store(tmp_path / "data")["name"] == ["two"]


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.tgz"])
def test_what_is_larger_than_music_can_be_is_refused_unread(tmp_path: Path, name: str) -> None:
    large = b"MThd" + bytes(archives.MOST_BYTES)
    archive = packed(tmp_path / name, {"large.mid": large, "small.mid": song(1)})
    (refusal,) = prepare(archive, tmp_path / "data")
    assert "large.mid: 16 MiB are more than" in refusal.reason


def test_a_zip_that_lies_about_a_size_is_not_believed(tmp_path: Path) -> None:
    large = b"MThd" + bytes(archives.MOST_BYTES)
    archive = zipped(tmp_path / "a.zip", {"large.mid": large, "small.mid": song(1)})
    lied = archive.read_bytes().replace(struct.pack("<I", len(large)), struct.pack("<I", 100))
    archive.write_bytes(lied)
    (refusal,) = prepare(archive, tmp_path / "data")
    assert "large.mid" in refusal.reason


def test_a_tar_header_that_wants_the_whole_memory_gets_none(tmp_path: Path) -> None:
    header = tarfile.TarInfo("longname")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2**33
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "a.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    write_tunes(tmp_path / "songs", 1)
    found, (refusal,) = sources(tmp_path / "songs")
    assert len(found) == 1
    assert "8192 MiB are more than" in refusal.reason


def test_an_archive_in_an_archive_is_named_and_not_opened(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"one.mid": song(1)}).read_bytes()
    archive = zipped(tmp_path / "outer.zip", {"two.mid": song(2), "inner.zip": inner})
    found, (refusal,) = sources(archive)
    assert [source.label for source in found] == ["two.mid"]
    assert "inner.zip" in refusal.reason


def test_an_archive_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"one.mid": song(1), "two.mid": song(2)})
    found, _ = sources(archive)
    zipped(archive, {"two.mid": song(2)})
    with pytest.raises(StoreError, match="changed while it was read"):
        list(contents(found))


def test_only_what_is_wanted_of_an_archive_is_read(tmp_path: Path) -> None:
    archive = tarred(tmp_path / "a.tgz", {f"{n}.mid": song(n) for n in range(4)})
    found, _ = sources(archive)
    read = list(contents(found[1:3]))
    assert [(source.label, data) for source, data in read] == [("1.mid", song(1)), ("2.mid", song(2))]


def test_a_file_that_is_neither_folder_nor_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.mid").write_bytes(song(1))
    with pytest.raises(StoreError, match="no folder and no archive"):
        sources(tmp_path / "one.mid")


def test_a_file_whose_name_is_no_text_is_a_piece_all_the_same(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "songs")
    os.mkdir(folder)
    try:
        with open(folder + b"/caf\xe9.mid", "wb") as file:
            file.write(song(1))
    except OSError:
        pytest.skip("this disk takes names in UTF-8 only")
    prepare(tmp_path / "songs", tmp_path / "data")
    assert open_store(tmp_path / "data")["name"] == ["caf\N{REPLACEMENT CHARACTER}"]


def test_a_refusal_knows_where_the_file_is(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"x/no.mid": b"nothing", "two.mid": song(2)})
    (refusal,) = prepare(archive, tmp_path / "data")
    assert refusal == Refusal(archive / "x" / "no.mid", refusal.reason)

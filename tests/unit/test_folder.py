"""Files under their hashes: whole or not there, private, and never anything but what their name says."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from pathlib import Path

import pytest

from truffles_gateway.store.folder import Folder, unwritable

CLIENT = "11111111-1111-4111-8111-111111111111"
DATA = b"a photo"
BLOB = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "files", CLIENT)


def test_a_file_is_private_and_alone_under_its_hash(folder: Folder, tmp_path: Path) -> None:
    folder.write(BLOB, DATA)
    folder.write(BLOB, DATA)
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file == tmp_path / "files" / CLIENT / BLOB[:2] / BLOB
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_dir()} == {0o700}
    assert (folder.read(BLOB), folder.holds(BLOB)) == (DATA, True)


@pytest.mark.parametrize("content", [b"", b"a phot", b"another", None])
def test_what_is_not_what_its_name_says_is_not_there(folder: Folder, content: bytes | None) -> None:
    folder.write(BLOB, DATA)
    folder.path(BLOB).unlink()
    if content is not None:
        folder.path(BLOB).write_bytes(content)
    assert (folder.read(BLOB), folder.holds(BLOB)) == (None, False)


@pytest.mark.parametrize(
    "name", ["", "..", "../" + BLOB, BLOB.upper(), BLOB + "\n", BLOB[:-1], "/etc/passwd", "0" * 63 + "/"]
)
def test_no_other_name_is_a_path(folder: Folder, name: str) -> None:
    with pytest.raises(ValueError, match="is no hash"):
        folder.path(name)


def test_a_tenant_is_its_id_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="badly formed"):
        Folder(tmp_path, "../other")


def test_a_write_that_fails_leaves_nothing_behind(folder: Folder) -> None:
    folder.path(BLOB).mkdir(parents=True)  # in the way: a file cannot take the place of a folder
    with pytest.raises(OSError, match="irectory"):
        folder.write(BLOB, DATA)
    assert [path.name for path in folder.path(BLOB).parent.iterdir()] == [BLOB]


def test_old_ones_are_told_by_the_machines_clock(folder: Folder) -> None:
    folder.write(BLOB, DATA)
    half = folder.path(BLOB).with_name(".half-written")
    half.write_bytes(b"a ph")
    assert list(folder.old(60)) == []
    os.utime(half, (time.time() - 61, time.time() - 61))
    assert list(folder.old(60)) == [half]


def test_a_place_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    assert unwritable(tmp_path / "made" / "on the way") == ""
    (tmp_path / "file").write_text("in the way")
    assert unwritable(tmp_path / "file") == "Not a directory"
    assert unwritable(tmp_path / "file" / "below") == "Not a directory"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "made", "on the way"]

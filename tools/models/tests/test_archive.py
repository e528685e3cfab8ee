"""Only the named file leaves an archive, and only with the right hash."""
import hashlib
import io
import tarfile
import zipfile

import pytest

from vigil_models import archive
from vigil_models.errors import ModelError


def tar_of(path, members):
    with tarfile.open(path, "w:gz") as container:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            container.addfile(entry, io.BytesIO(data))
    return path


def test_members_are_read_from_each_kind_of_archive(tmp_path):
    digest = hashlib.sha256(b"weights").hexdigest()
    tar = tar_of(tmp_path / "a.tar.gz", {"a/w.h5": b"weights"})
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as container:
        container.writestr("a/w.h5", b"weights")
    (tmp_path / "w.h5").write_bytes(b"weights")
    for source in (tar, tmp_path / "a.whl", tmp_path / "w.h5"):
        assert archive.read_member(source, "a/w.h5", digest) == b"weights"


def test_another_content_is_refused_with_both_hashes(tmp_path):
    tar = tar_of(tmp_path / "a.tar.gz", {"a/w.h5": b"altered"})
    with pytest.raises(ModelError) as refusal:
        archive.read_member(tar, "a/w.h5", "0" * 64)
    assert "0" * 64 in str(refusal.value)
    assert hashlib.sha256(b"altered").hexdigest() in str(refusal.value)


def test_a_missing_member_and_a_broken_archive_are_told(tmp_path):
    tar = tar_of(tmp_path / "a.tar.gz", {"a/w.h5": b"weights"})
    with pytest.raises(ModelError, match="no readable b/w.h5"):
        archive.read_member(tar, "b/w.h5", "0" * 64)
    (tmp_path / "b.tar.gz").write_bytes(b"no archive")
    with pytest.raises(ModelError, match="no readable"):
        archive.read_member(tmp_path / "b.tar.gz", "a/w.h5", "0" * 64)


def test_photos_outside_the_folder_are_left(tmp_path):
    inside = {"p/faces/train/ann/1.jpg": b"1", "p/faces/val/ann/2.jpg": b"2"}
    outside = {
        "p/faces/train/../3.jpg": b"3",
        "p/faces/data/train/ann/4.jpg": b"4",
        "/p/faces/train/ann/5.jpg": b"5",
        "p/faces/train/ann/notes.txt": b"6",
        "p/faces/test/ann/7.jpg": b"7",
    }
    tar = tar_of(tmp_path / "a.tar.gz", inside | outside)
    assert list(archive.photos_under(tar, "p/faces")) == [("train", "ann", "1.jpg", b"1"), ("val", "ann", "2.jpg", b"2")]

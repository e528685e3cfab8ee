"""Downloads: what is cut goes on where it stopped, what is altered is refused, what is there is not fetched again."""
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from vigil_models import download
from vigil_models.errors import ModelError
from vigil_models.manifest import Source

BODY = bytes(range(256)) * 4096


class _Handler(BaseHTTPRequestHandler):
    """Serves BODY with ranges; the server's `cuts` says after how many bytes each coming answer breaks off."""

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        if self.path == "/missing":
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.server.has_ranges else 0
        if start >= len(BODY):
            self.send_error(416)
            return
        rest = BODY[start:]
        self.send_response(206 if wanted and self.server.has_ranges else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: self.server.cuts.pop(0)] if self.server.cuts else rest)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    server.ranges, server.cuts, server.has_ranges = [], [], True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def source_of(server, body=BODY, path="/weights.h5"):
    url = f"http://127.0.0.1:{server.server_port}{path}"
    return Source(archive="weights.h5", sha256=hashlib.sha256(body).hexdigest(), url=url)


def test_a_cut_download_goes_on_where_it_stopped(server, tmp_path):
    server.cuts = [100_000, 300_000]
    path = download.fetch(source_of(server), tmp_path)
    assert path.read_bytes() == BODY
    assert server.ranges == [None, "bytes=100000-", "bytes=400000-"]
    assert [file.name for file in tmp_path.iterdir()] == ["weights.h5"]


def test_a_later_run_goes_on_with_what_a_killed_one_left(server, tmp_path):
    (tmp_path / "weights.h5.part").write_bytes(BODY[:5000])
    assert download.fetch(source_of(server), tmp_path).read_bytes() == BODY
    assert server.ranges == ["bytes=5000-"]


def test_a_whole_part_is_accepted(server, tmp_path):
    (tmp_path / "weights.h5.part").write_bytes(BODY)
    assert download.fetch(source_of(server), tmp_path).read_bytes() == BODY


def test_a_server_without_ranges_starts_again(server, tmp_path):
    server.has_ranges = False
    (tmp_path / "weights.h5.part").write_bytes(b"x" * 5000)
    assert download.fetch(source_of(server), tmp_path).read_bytes() == BODY


def test_what_is_there_is_not_fetched_again(server, tmp_path):
    (tmp_path / "weights.h5").write_bytes(BODY)
    download.fetch(source_of(server), tmp_path)
    assert server.ranges == []


def test_another_hash_is_refused_with_both_and_the_next_run_starts_afresh(server, tmp_path):
    expected = hashlib.sha256(b"another").hexdigest()
    with pytest.raises(ModelError) as refusal:
        download.fetch(source_of(server, b"another"), tmp_path)
    assert expected in str(refusal.value)
    assert hashlib.sha256(BODY).hexdigest() in str(refusal.value)
    assert not (tmp_path / "weights.h5").exists()
    assert not (tmp_path / "weights.h5.part").exists()


def test_an_altered_archive_is_refused_with_both_hashes(server, tmp_path):
    (tmp_path / "weights.h5").write_bytes(b"altered")
    with pytest.raises(ModelError) as refusal:
        download.fetch(source_of(server), tmp_path)
    assert hashlib.sha256(b"altered").hexdigest() in str(refusal.value)
    assert hashlib.sha256(BODY).hexdigest() in str(refusal.value)


def test_a_missing_file_is_told_with_its_address_and_not_retried(server, tmp_path):
    with pytest.raises(ModelError, match="/missing could not be downloaded: HTTP Error 404"):
        download.fetch(source_of(server, path="/missing"), tmp_path)
    assert len(server.ranges) == 1


def test_no_network_names_the_address_and_the_mend(tmp_path):
    source = Source(archive="weights.h5", sha256="0" * 64, url="http://127.0.0.1:1/weights.h5")
    with pytest.raises(ModelError, match="Check the network"):
        download.fetch(source, tmp_path)

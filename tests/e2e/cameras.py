"""Cameras on loopback: vigil-camera with a scene, a clip, or nothing to say."""
import json
import shutil
import signal
import subprocess
import urllib.parse

from installation import BUILD

CAMERA = BUILD / "bin" / "vigil-camera"


class Camera:
    def __init__(self, messages_file, *arguments):
        self._messages = open(messages_file, "ab")
        self.process = subprocess.Popen([CAMERA, *map(str, arguments)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self._messages, text=True)
        line = self.process.stdout.readline()
        assert line, f"vigil-camera {arguments} did not start: {open(messages_file).read()}"
        self.url = json.loads(line)["url"]
        self.port = urllib.parse.urlsplit(self.url).port

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self._messages.close()


def make_scene(folder, people):
    """A folder for --scene: `people` maps names to their photos."""
    for name, photos in people.items():
        (folder / name).mkdir(parents=True)
        for photo in photos:
            shutil.copy(photo, folder / name)
    return folder

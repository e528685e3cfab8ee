"""Chromium without a window, driven through its DevTools protocol over a pair of pipes."""
import fcntl
import itertools
import json
import os
import queue
import shutil
import signal
import subprocess
import threading

from waiting import PATIENCE, wait_until

CHROMIUM = shutil.which("chromium")
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--no-proxy-server", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-dev-shm-usage", "--window-size=1400,1000"]


def high_pipe():
    """A pipe away from the descriptors that a child's redirections use."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in ends]
    for end in ends:
        os.close(end)
    return moved


class Browser:
    """One page. `errors` holds whatever the browser's console calls an error or a warning, `requests` each address asked."""

    def __init__(self, folder):
        self.errors = []
        self.requests = []
        self._ids = itertools.count(1)
        self._answers = queue.Queue()
        self._session = None
        self._start(folder)
        threading.Thread(target=self._listen, daemon=True).start()
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM", "Network"):
            self._call(f"{domain}.enable")

    def open(self, url):
        self._call("Page.navigate", url=url)

    def reload(self):
        self._call("Page.reload")

    def evaluate(self, script):
        """The value of a JavaScript expression."""
        done = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, (script, done["exceptionDetails"])
        return done["result"].get("value")

    def text(self, selector="body"):
        """What can be read there; nothing where there is no such element."""
        return self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def sees(self, selector):
        return self.evaluate(f"document.querySelector({json.dumps(selector)})?.checkVisibility() ?? false")

    def wait_for_text(self, text, selector="body", seconds=30):
        wait_until(lambda: text in self.text(selector), f"the page says '{text}' in {selector}", seconds,
                   self.explain)

    def colours(self, selector):
        """How many colours a canvas shows: one while nothing is drawn."""
        return self.evaluate(f"""(() => {{
          const canvas = document.querySelector({json.dumps(selector)});
          if (!canvas) return 0;
          const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
          copy.drawImage(canvas, 0, 0);
          const {{ data }} = copy.getImageData(0, 0, canvas.width, canvas.height);
          return new Set(new Uint32Array(data.buffer)).size;
        }})()""")

    def type(self, selector, text):
        self.evaluate(f"document.querySelector({json.dumps(selector)}).select()")
        self._call("Input.insertText", text=text)

    def press_enter(self):
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        self._call("Input.dispatchKeyEvent", type="keyDown", text="\r", **key)
        self._call("Input.dispatchKeyEvent", type="keyUp", **key)

    def focus(self, selector):
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")

    def drop(self, selector, file):
        x, y = self.evaluate(f"""(() => {{
          const target = document.querySelector({json.dumps(selector)});
          target.scrollIntoView({{ block: "center" }});
          const box = target.getBoundingClientRect();
          return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
        for step in ("dragEnter", "dragOver", "drop"):
            self._call("Input.dispatchDragEvent", type=step, x=x, y=y, data=data)

    def call(self, method, **parameters):
        """A command of the DevTools protocol that has no name here."""
        return self._call(method, **parameters)

    def explain(self):
        return f"errors: {self.errors}\n{self.text()[:3000]}"

    def close(self):
        # Its own group: Chromium is a family of processes.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._commands.close()

    def _start(self, folder):
        theirs_in, commands = high_pipe()
        messages, theirs_out = high_pipe()
        # Chromium reads commands from descriptor 3 and writes to descriptor 4.
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}', CHROMIUM, *QUIET,
             f"--user-data-dir={folder}", "--remote-debugging-pipe"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=(theirs_in, theirs_out), start_new_session=True)
        os.close(theirs_in)
        os.close(theirs_out)
        self._commands = os.fdopen(commands, "wb", buffering=0)
        self._messages = os.fdopen(messages, "rb")

    def _call(self, method, **parameters):
        number = next(self._ids)
        command = {"id": number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        self._commands.write(json.dumps(command).encode() + b"\0")
        while True:
            answer = self._answers.get(timeout=60 * PATIENCE)
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _listen(self):
        rest = b""
        while chunk := self._messages.read1(1 << 16):
            *messages, rest = (rest + chunk).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    self._answers.put(message)
                else:
                    self._note(message["method"], message["params"])

    def _note(self, method, event):
        if method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(event["exceptionDetails"])[:1000])
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert"):
            self.errors.append(json.dumps(event["args"])[:1000])
        elif method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method == "Log.entryAdded" and event["entry"]["level"] in ("error", "warning"):
            entry = event["entry"]
            self.errors.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}")

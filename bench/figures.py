"""Where measured figures go: one JSON line each, with the time, the commit and the machine's load, so that curves over time can be drawn."""
import json
import os
import pathlib
import subprocess
import time

CHECKOUT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = CHECKOUT / "build" / "bench"


def commit():
    done = subprocess.run(["git", "-C", CHECKOUT, "describe", "--always", "--dirty"], stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.strip()


def record(figure, file="figures.jsonl"):
    """Appends one figure (a flat object) to build/bench/FILE and prints it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": commit(), "load": round(os.getloadavg()[0], 1),
                       **figure})
    with open(FOLDER / file, "a") as out:
        out.write(line + "\n")
    print(line, flush=True)


def run(*command):
    """The JSON lines that a command printed; stops the program when it failed."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

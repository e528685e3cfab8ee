"""Progress on stderr; stdout stays free for data."""
import sys


def say(text):
    print(text, file=sys.stderr, flush=True)

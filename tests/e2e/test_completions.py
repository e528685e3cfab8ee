"""Shell completions, driven by the shells themselves where they are installed."""
import re
import shutil
import subprocess

import pytest


def script(installation, shell):
    done = installation.run("completions", shell)
    assert done.returncode == 0 and done.stdout, done
    return done.stdout


def offered_by_bash(installation, *words):
    """What bash offers for the last of `words`."""
    asked = " ".join(f"'{word}'" for word in ("vigil", *words))
    command = (f"{script(installation, 'bash')}\nCOMP_WORDS=({asked})\n"
               f"COMP_CWORD={len(words)}\n_vigil\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n")
    done = subprocess.run(["bash", "--norc", "-c", command], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done
    return done.stdout.split()


@pytest.mark.parametrize("words, offered", [
    (("do",), ["doctor"]), (("users", "re"), ["reset-password"]),
    (("users", "add", "--ro"), ["--role"]), (("doctor", "--j"), ["--json"]),
    (("--config", "x.toml", "mod"), ["models"]), (("nothing-like-it",), []),
    (("serve", "--conf"), ["--config"]),
])
def test_bash_offers_what_may_follow(installation, words, offered):
    assert offered_by_bash(installation, *words) == offered


def test_every_command_is_offered(installation):
    shown = installation.run("--help").stdout
    listed = shown.split("Subcommands:")[1].split("Exit codes:")[0]
    commands = re.findall(r"^  ([a-z][a-z-]+) ", listed, re.MULTILINE)
    assert {"serve", "doctor", "config", "completions", "demo"} <= set(commands)
    assert set(commands) <= set(offered_by_bash(installation, ""))
    for shell in ("zsh", "fish"):
        text = script(installation, shell)
        assert all(command in text for command in commands), shell


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_well_formed(installation, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, "-n"], input=script(installation, shell), text=True,
                          capture_output=True)
    assert done.returncode == 0 and not done.stderr, done


def test_an_unknown_shell_is_wrong_usage(installation):
    assert installation.run("completions", "cmd").returncode == 2


@pytest.mark.parametrize("command", ["", "doctor", "config", "completions"])
def test_help_shows_examples(installation, command):
    done = installation.run(*command.split(), "--help")
    assert done.returncode == 0 and "Examples:" in done.stdout, done

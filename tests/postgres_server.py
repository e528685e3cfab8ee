#!/usr/bin/env python3
"""Starts or stops a real PostgreSQL server of its own for tests, on a private socket: start|stop FOLDER.

The data lie in FOLDER and are thrown away at the stop. PostgreSQL refuses to run as the super-user,
so that a super-user starts it as the user that its package made.
"""
import os
import pathlib
import shutil
import subprocess
import sys

USER = "postgres"


def program(name):
    """The newest installed one: Debian keeps them beside each other, outside the path."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: int(p.parts[4]))
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        sys.exit(f"{name} is missing: install the package postgresql")
    return path


def run(*command):
    unprivileged = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if os.geteuid() == 0 else []
    done = subprocess.run([*unprivileged, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}")


def stop(folder):
    if (folder / "data" / "postmaster.pid").exists():
        run(program("pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def start(folder):
    stop(folder)
    folder.mkdir(parents=True)
    if os.geteuid() == 0:
        shutil.chown(folder, USER, USER)
    data = str(folder / "data")
    run(program("initdb"), "-D", data, "-U", "vigil", "-A", "trust", "-E", "UTF8", "--no-sync")
    # What a crash of the machine would lose is no loss here.
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    run(program("pg_ctl"), "-D", data, "-l", f"{folder}/log", "-w", "-o", options, "start")


if __name__ == "__main__":
    {"start": start, "stop": stop}[sys.argv[1]](pathlib.Path(sys.argv[2]).absolute())

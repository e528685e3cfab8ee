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


def control(folder, command, *options):
    run(program("pg_ctl"), "-D", str(folder / "data"), "-l", f"{folder}/log", "-w", *options, command)


def stop(folder):
    if (folder / "data" / "postmaster.pid").exists():
        control(folder, "stop", "-m", "immediate")
    shutil.rmtree(folder, ignore_errors=True)


def start(folder):
    stop(folder)
    folder.mkdir(parents=True)
    if os.geteuid() == 0:
        shutil.chown(folder, USER, USER)
    data = str(folder / "data")
    run(program("initdb"), "-D", data, "-U", "vigil", "-A", "trust", "-E", "UTF8", "--no-sync")
    with open(f"{data}/postgresql.conf", "a") as settings:
        settings.write(f"unix_socket_directories = '{folder}'\nlisten_addresses = ''\n")
        # What a crash of the machine would lose is no loss here.
        settings.write("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n")
    control(folder, "start")


if __name__ == "__main__":
    {"start": start, "stop": stop}[sys.argv[1]](pathlib.Path(sys.argv[2]).absolute())

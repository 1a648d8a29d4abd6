#!/bin/sh
# Runs a Python program with a Python that OpenHall can use: 64-bit, 3.11 or newer, able to make a virtual environment.
#
#     deploy/with_python.sh deploy/install.py demo
#
# PYTHON=/path/to/python3 chooses one. Where Debian's is missing, root installs it; others are told the line to type.
set -eu

usable='import sys; sys.exit(not (sys.version_info >= (3, 11) and sys.maxsize > 2**32))'

find_python() {
    for name in python3 python3.13 python3.12 python3.11 python3.14 /usr/bin/python3 /usr/local/bin/python3; do
        # A pyenv shim is in PATH also for versions that are not chosen, and then fails: only running it tells.
        if "$name" -c "$usable" >/dev/null 2>&1; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

explain() {
    echo "OpenHall needs a 64-bit Python 3.11 or newer, and found none." >&2
    if command -v python3 >/dev/null 2>&1; then
        echo "  python3 is $(python3 -c 'import platform as p; print(p.python_version(), p.architecture()[0])' 2>&1 | tail -n 1)" >&2
    fi
    if command -v apt-get >/dev/null 2>&1; then
        echo "On Debian 12 or newer and Raspberry Pi OS (64-bit):" >&2
        echo "  sudo apt-get update && sudo apt-get install -y python3 python3-venv" >&2
    fi
    echo "With one elsewhere: make demo PYTHON=/path/to/python3.11" >&2
}

if [ -n "${PYTHON:-}" ]; then
    if ! "$PYTHON" -c "$usable" >/dev/null 2>&1; then
        echo "PYTHON=$PYTHON is no 64-bit Python 3.11 or newer." >&2
        exit 2
    fi
    exec "$PYTHON" "$@"
fi

if ! python=$(find_python); then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        explain
        exit 2
    fi
    echo "Python: installing Debian's (python3, python3-venv)"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null
    python=$(find_python) || {
        explain
        exit 2
    }
fi
exec "$python" "$@"

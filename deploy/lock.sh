#!/bin/sh
# Writes requirements/*.txt anew from pyproject.toml: every version and its hashes, for every platform, no index named.
# dev.txt is solved first and binds the others, so that all six agree. `make lock ARGS=--upgrade` takes newer versions.
set -eu
cd "$(dirname "$0")/.."

compile() {
    output=requirements/$1
    shift
    echo "locking $output"
    uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --custom-compile-command "make lock" --quiet --output-file "$output" "$@"
}

bound="--constraint requirements/dev.txt"
compile dev.txt --all-extras requirements/build.in "$@"
# shellcheck disable=SC2086  # two words on purpose
{
    compile demo.txt --extra agent --extra gateway requirements/build.in $bound "$@"
    compile agent.txt --extra agent $bound "$@"
    compile gateway.txt --extra gateway $bound "$@"
    compile gateway-fast.txt --extra gateway --extra fast $bound "$@"
    compile dashboards.txt --extra dashboards $bound "$@"
}

# Nothing may need a compiler: there are wheels for Debian 12 (glibc 2.36) or newer, for both kinds of machine. dev.txt has all.
for machine in x86_64 aarch64; do
    for python in 3.11 3.12 3.13 3.14; do
        uv pip compile requirements/dev.txt --only-binary :all: --python-version $python \
            --python-platform $machine-manylinux_2_36 --quiet >/dev/null || {
            echo "no wheels for Python $python on $machine: the lines above say of what" >&2
            exit 1
        }
    done
done
echo "wheels are there for Python 3.11 to 3.14 on x86_64 and aarch64"

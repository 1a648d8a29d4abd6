#!/bin/sh
# Writes requirements/*.txt anew from pyproject.toml: every version and its hashes, for every platform, no index named.
# dev.txt is solved first and binds the others, so that all five agree. `make lock ARGS=--upgrade` takes newer versions.
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
    compile dashboards.txt --extra dashboards $bound "$@"
}

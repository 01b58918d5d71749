#!/usr/bin/env bash
# Removes what `make run` made: the private server and its data, the virtual environment, the built files.
set -euo pipefail
cd "$(dirname "$0")/.."

home=${ORES_HOME:-.ores}
if [ -x .venv/bin/ores ]; then
    .venv/bin/ores stop || true
    env -u DATABASE_URL .venv/bin/ores db remove || true
    [ ! -d "$home/peers" ] || env -u DATABASE_URL ORES_HOME="$home/peers" .venv/bin/ores db remove || true
fi
# Only what is ours: ORES_HOME may be a folder that holds other things.
for made in cluster cluster.json cluster.json.new cluster.lock server.pid downloads peers; do
    rm -rf "${home:?}/$made"
done
[ ! -d "$home" ] || rmdir --ignore-fail-on-non-empty "$home"
rm -rf .venv node_modules api/static/vendor ./*.egg-info build
rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
find . -name __pycache__ -type d -prune -exec rm -rf {} +

#!/usr/bin/env bash
# Makes .venv from a lock file, and nothing when it is already so: scripts/venv.sh LOCK
# An interrupted installation is made anew from what was downloaded; a changed lock is installed over the former one.
set -euo pipefail
cd "$(dirname "$0")/.."

lock=$1
python=.venv/bin/python
stamp=.venv/.installed-$(basename "$lock" .txt)

say() { printf '%s\n' "$*" >&2; }

interpreter() {
    local candidate
    for candidate in ${PYTHON:-python3.11 python3 python3.12 python3.13}; do
        if "$candidate" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    say "Python 3.11 (ou plus récent) est introuvable, ou ne sait pas créer d’environnement virtuel."
    say 'Sous Debian 12 : apt-get install python3.11-venv. Ailleurs, donnez son chemin : PYTHON=/chemin/python3.11 make run'
    exit 1
}

# What the installation depends on: the lock, the commands the project declares, and where all this stands.
wanted=$(cat "$lock" pyproject.toml <(pwd) | sha256sum | cut -d' ' -f1)
if [ -x "$python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

# A killed pip may leave half a library that it would take for whole: what it downloaded is in its cache.
if [ -e .venv/.installing ] || ! { [ "$(cat .venv/.place 2>/dev/null)" = "$PWD" ] && "$python" -m pip --version >/dev/null 2>&1; }; then
    found=$(interpreter)
    say "Environnement virtuel : .venv ($("$found" --version))"
    "$found" -m venv --clear .venv
    pwd >.venv/.place
fi

pip() { "$python" -m pip --disable-pip-version-check --no-input "$@"; }

# One line that advances on a terminal; every tenth library in a log. Problems go through stderr, untouched.
show_count() {
    local line done=0
    while IFS= read -r line; do
        case $line in
            'Collecting '* | 'Requirement already satisfied: '*)
                done=$((done + 1))
                line=${line#Collecting }
                line=${line#Requirement already satisfied: }
                if [ -t 2 ]; then
                    printf '\r\033[K  %d / %d  %s' "$done" "$1" "${line%%[=<>~ ]*}" >&2
                elif [ $((done % 10)) -eq 0 ]; then
                    say "  $done / $1"
                fi ;;
            'Installing collected packages'*)
                [ ! -t 2 ] || printf '\r\033[K' >&2
                say "  mise en place dans .venv…" ;;
        esac
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

count=$(grep -c '^[A-Za-z0-9].*==' "$lock")
say "Bibliothèques Python : $count, d’après $lock"
touch .venv/.installing
pip install --require-hashes --only-binary :all: --no-deps -r "$lock" | show_count "$count"
say "Installation d’Ores dans .venv"
pip install --quiet --no-deps --no-build-isolation -e .
echo "$wanted" >"$stamp"
rm .venv/.installing

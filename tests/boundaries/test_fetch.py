"""A location becomes a local file: whole or not at all, whatever the server or the network does."""

import fcntl
import hashlib
import zipfile
from email.utils import formatdate
from pathlib import Path

import pytest

from boundaries.sources.archives import unpack
from boundaries.sources.download import ATTEMPTS
from boundaries.sources.fetch import fetch, fetch_all, local
from geo.errors import Conflict, Invalid, NotFound, TooLarge
from geo.progress import silent

BODY = bytes(range(256)) * 2000
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def waits():
    return []


@pytest.fixture
def get(site, tmp_path, steps, waits):
    def call(path="/a.zip", **options):
        return fetch(f"{site.url}{path}", tmp_path / "cache", steps, pause=waits.append, **options)

    return call


def left(tmp_path):
    return sorted(p.suffix for p in (tmp_path / "cache").iterdir())


def ranged(answer, etag='"v1"', body=BODY):
    """Return an answer that honours Range and If-Range like a real server."""

    def respond(headers):
        asked = headers.get("range")
        if asked and headers.get("if-range") == etag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            extra = {"ETag": etag, "Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
            return answer(body[start:], 206, extra)
        return answer(body, 200, {"ETag": etag})

    return respond


def test_a_local_file_is_used_where_it_is(tmp_path):
    (tmp_path / "a.gpkg").write_bytes(BODY)
    fetched = fetch(str(tmp_path / "a.gpkg"), tmp_path / "cache", silent)
    assert (fetched.path, fetched.name, fetched.sha256) == (tmp_path / "a.gpkg", "a.gpkg", SHA)
    assert not (tmp_path / "cache").exists()


def test_an_address_is_downloaded_with_an_honest_total(get, site, answer, tmp_path, steps):
    site.routes["/a.zip"] = [answer(BODY)]
    fetched = get()
    assert fetched.path.read_bytes() == BODY
    assert (fetched.name, fetched.sha256) == ("a.zip", SHA)
    assert steps.seen == [["Téléchargement de a.zip", len(BODY), len(BODY)]]
    assert left(tmp_path) == [".json", ".zip"]


def test_without_a_length_progress_is_one_unit(get, site, answer, steps):
    site.routes["/a.zip"] = [answer(BODY, announced=False)]
    assert get().sha256 == SHA
    assert steps.seen == [["Téléchargement de a.zip", 1, 1]]


def test_redirections_are_followed_but_not_for_ever(get, site, answer):
    site.routes |= {"/a.zip": [answer(status=302, headers={"Location": "/b.zip"})], "/b.zip": [answer(BODY)]}
    assert get().sha256 == SHA
    site.routes["/loop"] = [answer(status=302, headers={"Location": "/loop"})]
    with pytest.raises(Invalid, match="redirige sans fin"):
        get("/loop")
    site.routes["/ftp"] = [answer(status=302, headers={"Location": "ftp://127.0.0.1/a"})]
    with pytest.raises(Invalid, match="autre chose que http"):
        get("/ftp")


def test_a_truncated_body_is_resumed_within_the_call(get, site, answer, waits, steps):
    site.routes["/a.zip"] = [answer(BODY, 200, {"ETag": '"v1"'}, sent=200_000), ranged(answer)]
    assert get().sha256 == SHA
    assert "range" in site.requests[1][1]
    assert waits == [0.5]
    assert steps.seen == [["Téléchargement de a.zip", len(BODY), len(BODY)]]


def test_a_truncated_body_without_etag_starts_again(get, site, answer):
    site.routes["/a.zip"] = [answer(BODY, sent=200_000), answer(BODY)]
    assert get().sha256 == SHA
    assert "range" not in site.requests[1][1]


def test_always_truncated_says_so_and_leaves_no_complete_file(get, site, answer, tmp_path, waits):
    site.routes["/a.zip"] = [answer(BODY, 200, {"ETag": '"v1"'}, sent=100)]
    with pytest.raises(Invalid, match="connexion interrompue") as error:
        get()
    assert str(tmp_path) not in error.value.detail
    assert ".zip" not in left(tmp_path)
    assert len(waits) == ATTEMPTS - 1


def test_an_interruption_is_resumed_by_the_next_call(site, answer, tmp_path, steps):
    class InterruptionError(Exception):
        pass

    def interrupt(seconds):
        raise InterruptionError

    cache, url = tmp_path / "cache", f"{site.url}/a.zip"
    site.routes["/a.zip"] = [answer(BODY, 200, {"ETag": '"v1"'}, sent=300_000), ranged(answer)]
    with pytest.raises(InterruptionError):
        fetch(url, cache, silent, pause=interrupt)
    assert left(tmp_path) == [".json", ".part"]
    assert fetch(url, cache, steps).sha256 == SHA
    start = int(site.requests[1][1]["range"].removeprefix("bytes=").rstrip("-"))
    assert 0 < start <= 300_000
    assert steps.seen[0][1:] == [len(BODY), len(BODY)]


def test_a_content_that_changed_meanwhile_starts_again(get, site, answer):
    new = BODY[::-1]
    site.routes["/a.zip"] = [
        answer(BODY, 200, {"ETag": '"v1"'}, sent=300_000),
        ranged(answer, '"v2"', new),
    ]
    assert get().path.read_bytes() == new


def test_a_wrong_partial_answer_starts_again(get, site, answer):
    site.routes["/a.zip"] = [
        answer(BODY, 200, {"ETag": '"v1"'}, sent=300_000),
        answer(BODY[7:], 206, {"ETag": '"v1"', "Content-Range": f"bytes 7-{len(BODY) - 1}/{len(BODY)}"}),
        answer(status=416),
        answer(BODY),
    ]
    assert get().sha256 == SHA


def test_an_unchanged_file_is_not_sent_twice(get, site, answer):
    site.routes["/a.zip"] = [answer(BODY, 200, {"ETag": 'W/"v1"'}), answer(status=304), answer(b"new")]
    assert get().sha256 == SHA
    assert get().sha256 == SHA
    assert site.requests[1][1]["if-none-match"] == 'W/"v1"'
    assert get().path.read_bytes() == b"new"


def test_missing_and_refused(get, site, answer):
    with pytest.raises(NotFound, match="Rien n’est publié"):
        get("/absent.zip")
    site.routes["/a.zip"] = [answer(status=403)]
    with pytest.raises(Invalid, match="refuse"):
        get()
    assert len(site.requests) == 2


def test_retry_after_is_honoured(get, site, answer, waits):
    later = formatdate(usegmt=True)
    site.routes["/a.zip"] = [
        answer(status=429, headers={"Retry-After": "7"}),
        answer(status=503, headers={"Retry-After": later}),
        answer(status=500),
        answer(BODY),
    ]
    assert get().sha256 == SHA
    assert waits == [7.0, 0.0, 2.0]


def test_a_wait_too_long_is_told_not_waited(get, site, answer, waits):
    site.routes["/a.zip"] = [answer(status=429, headers={"Retry-After": "3600"})]
    with pytest.raises(Invalid, match="3600"):
        get()
    assert waits == []


def test_retries_are_bounded(get, site, answer):
    site.routes["/a.zip"] = [answer(status=500)]
    with pytest.raises(Invalid, match="réponse 500"):
        get()
    assert len(site.requests) == ATTEMPTS


@pytest.mark.parametrize("announced", [True, False])
def test_the_size_is_bounded(get, site, answer, tmp_path, announced):
    site.routes["/a.zip"] = [answer(BODY, announced=announced)]
    with pytest.raises(TooLarge, match="dépasse la limite"):
        get(limit_bytes=1000)
    assert left(tmp_path) in ([], [".json"])


def test_two_downloads_at_once_do_not_mix(get, site, answer, tmp_path):
    site.routes["/a.zip"] = [answer(BODY)]
    target = get().path
    with target.with_name(target.name + ".part").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="déjà en cours"):
            get()


def test_secrets_of_an_address_are_not_shown(site, tmp_path):
    url = site.url.replace("http://", "http://moi:secret@") + "/absent?jeton=abc"
    with pytest.raises(NotFound) as error:
        fetch(url, tmp_path, silent)
    assert "secret" not in error.value.detail
    assert "abc" not in error.value.detail


def test_nobody_listens(tmp_path, waits):
    with pytest.raises(Invalid, match="a échoué"):
        fetch("http://127.0.0.1:9/a.zip", tmp_path, silent, pause=waits.append)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "FILE:/etc/passwd", "ftp://a/b", "s3://a/b"])
def test_other_schemes_are_refused(location, tmp_path):
    with pytest.raises(Invalid, match="http"):
        fetch_all(location, (".zip",), tmp_path, silent)


@pytest.mark.parametrize("location", ["http://", "https:///a.zip", "http://[::1/a.zip"])
def test_malformed_addresses_are_refused(location, tmp_path):
    with pytest.raises(Invalid, match="adresse"):
        fetch(location, tmp_path, silent)


@pytest.mark.parametrize("location", ["absent.gpkg", "a" * 5000, "a\0b"])
def test_absent_paths(location, tmp_path):
    with pytest.raises(NotFound, match="n’existe pas"):
        fetch_all(location, (".gpkg",), tmp_path, silent)


@pytest.mark.parametrize("location", ["", " , "])
def test_nothing_given(location, tmp_path):
    with pytest.raises(Invalid, match="Indiquez"):
        fetch_all(location, (".gpkg",), tmp_path, silent)


def test_folders_and_several_files(tmp_path, site, answer):
    folder = tmp_path / "d"
    (folder / "sous").mkdir(parents=True)
    for name in ("b.gpkg", "sous/a.GPKG", "lisez-moi.txt"):
        (folder / name).write_bytes(b"x")
    (tmp_path / "c,d.gpkg").write_bytes(b"x")
    site.routes["/api"] = [answer(b"x")]
    cache = tmp_path / "cache"

    def names(location):
        return [f.name for f in fetch_all(location, (".gpkg",), cache, silent)]

    assert names(str(folder)) == ["b.gpkg", "a.GPKG"]
    assert names(f"{folder}/b.gpkg, {folder}/sous") == ["b.gpkg", "a.GPKG"]
    assert names(str(tmp_path / "c,d.gpkg")) == ["c,d.gpkg"]
    assert names(f"{site.url}/api?f=code,nom,{folder}/b.gpkg") == ["api", "b.gpkg"]
    assert site.requests[0][0] == "/api?f=code,nom"
    with pytest.raises(Invalid, match="aucun fichier attendu"):
        fetch_all(str(folder), (".zip",), cache, silent)


def test_archives_keep_inside_their_folder(tmp_path, steps):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        content.writestr("x/COMMUNE.shp", b"1234")
        content.writestr("../../dehors.shp", b"12")
        content.writestr("notice.pdf", b"1")
    folder = unpack(local(archive), (".shp",), tmp_path / "cache", steps)
    inside = sorted(str(p.relative_to(folder)) for p in folder.rglob("*.*"))
    assert inside == ["dehors.shp", "x/COMMUNE.shp"]
    assert steps.seen == [["Décompression de a.zip", 6, 6]]
    assert unpack(local(archive), (".shp",), tmp_path / "cache", steps) == folder
    assert len(steps.seen) == 1
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [folder.name]


def test_a_broken_archive(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        content.writestr("COMMUNE.shp", BODY)
    whole = archive.read_bytes()
    for broken in (b"PK", whole[: len(whole) // 2], whole[:60] + b"\0" * 40 + whole[100:]):
        archive.write_bytes(broken)
        with pytest.raises(Invalid, match="zip lisible"):
            unpack(local(archive), (".shp",), tmp_path / "cache", silent)
    assert list(Path(tmp_path / "cache").iterdir()) == []

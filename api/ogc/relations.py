"""Links of OGC API: where they lead, what they are to what links them, and in which format."""

REL = "http://www.opengis.net/def/rel/ogc/1.0/"
Link = dict[str, str]


def link(rel: str, href: str, kind: str, title: str) -> Link:
    """Return a link; its title is French."""
    return {"rel": rel, "href": href, "type": kind, "title": title, "hreflang": "fr"}

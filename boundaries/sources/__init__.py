"""The sources of boundaries: each module reads one producer's layout into a `boundaries.delivery.Delivery`.

A source never touches the database and never judges what it read beyond its layout: `boundaries.checks` does.
Locations come from the operator's command line alone, never from a web client.
"""

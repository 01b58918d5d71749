"""Producers asked over HTTP: what one answers becomes a `Delivered`, which the diagnosis takes like a file."""

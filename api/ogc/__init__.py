"""OGC API at /api: what the collections are, how they are described, and what is declared of it."""

"""What is measured, from which source: catalogue, imports, publication, published values."""

"""The machine interface under `/api`, one module per subject."""

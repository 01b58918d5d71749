"""The back office, for people who signed in: deliveries from a file to a publication, the journal, the releases."""

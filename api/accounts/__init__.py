"""Who people are: their rights, the keys and sessions that prove them, and the journal of it. Never what they do."""

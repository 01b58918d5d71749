"""Who works in the back office: the keys that people sign in with, and the sessions that follow. Never what they do."""

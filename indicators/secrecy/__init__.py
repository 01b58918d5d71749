"""Statistical secrecy: what to hide so that nothing protected can be computed back, and the attack that proves it."""

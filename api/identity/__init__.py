"""Who asks, proved: the credentials of a request, what they open, how often one may ask, and the identity provider.

`identified.Identified` is the ASGI middleware that puts the `Reader` of a request into its state.
"""

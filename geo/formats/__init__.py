"""Layers as files: one encoder for each format, from a connection and a layer to bytes.

`media_types` is the table of formats; `encoding.encoded` is the door. Nothing here knows what the features are.
"""

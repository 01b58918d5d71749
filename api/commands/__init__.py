"""The commands of `ores`, one module per family; each opens the transaction and commits."""

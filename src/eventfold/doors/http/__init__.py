"""The HTTP of this package: a port on this machine that takes public events of others."""

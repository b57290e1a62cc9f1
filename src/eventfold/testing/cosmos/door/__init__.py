"""The door of the stand-in: sockets, signatures, faults, and the record of what was asked."""

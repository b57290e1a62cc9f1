"""How a worker tells from outside that it is well: a port on this machine, and logs that programs read."""

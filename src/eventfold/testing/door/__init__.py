"""What stand-ins of services share: sockets, faults on demand, the record of what was asked. It knows no service."""

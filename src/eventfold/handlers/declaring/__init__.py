"""What a program says of its handlers: which events, what becomes of them, where it goes, from when on."""

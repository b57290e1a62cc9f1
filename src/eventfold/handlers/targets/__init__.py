"""Where effects go: a function, a log, a file, a mail server, a webhook; behind one port that users extend."""

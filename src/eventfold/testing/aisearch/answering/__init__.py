"""How the stand-in answers: one module for each kind of request."""

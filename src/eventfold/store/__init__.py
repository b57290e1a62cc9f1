"""Keeping: the store port and the adapters behind it. What an event means is not known here."""

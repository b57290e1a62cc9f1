"""The bus: topics between a log and those who follow it."""

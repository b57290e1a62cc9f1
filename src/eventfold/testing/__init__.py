"""The law, as product: suites that every store, feed and state passes, and helpers for the tests of applications.

Import the module you need; nothing is loaded before.
"""

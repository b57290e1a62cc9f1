"""What happened: event types, their stored form, and how old forms are read by new code.

Nothing here knows where events are kept or who reads them.
"""

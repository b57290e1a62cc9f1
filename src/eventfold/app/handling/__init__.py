"""The handlers of a live app at work: bound to their targets, run, and what they did."""

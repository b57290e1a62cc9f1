"""Webhooks: effects go to an address of somebody else, who may be slow, wrong, or an enemy."""

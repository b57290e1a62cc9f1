"""The relay: from the log into the topic, in order, and never twice to whoever follows by our feed."""

"""Who may ask Azure AI Search, its faults, and what is noted of a request."""

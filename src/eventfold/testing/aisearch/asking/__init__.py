"""What a search asks beside its text: its parameters, facets, pages."""

"""Publishing: whole rows go where others read them, and come back where a state was lost."""

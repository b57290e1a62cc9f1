"""What a live app is made of: a class for each side of it, which `Live` joins."""

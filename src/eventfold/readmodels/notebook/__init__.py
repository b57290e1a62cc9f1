"""How answers look in a notebook, and how data frames are made of them."""

"""What effects come from: the window over the feed, streams that people revive, deadlines."""

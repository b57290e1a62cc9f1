SELECT position FROM regular_after

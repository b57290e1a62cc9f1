SELECT range, events, total, weighted FROM tallies WHERE table_name = ? AND generation = ? ORDER BY range

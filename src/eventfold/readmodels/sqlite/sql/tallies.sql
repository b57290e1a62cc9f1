SELECT range, events, total, weighted FROM _tallies WHERE table_name = ? AND generation = ? ORDER BY range

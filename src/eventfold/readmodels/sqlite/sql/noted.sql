SELECT change, intended FROM published WHERE table_name = ? AND generation = ? AND publication = ?

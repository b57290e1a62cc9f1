SELECT epoch FROM _owned WHERE table_name = ? AND publication = ?

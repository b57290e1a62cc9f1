DELETE FROM notes WHERE reader = ?1 AND kind = ?2 AND key = ?3;

SELECT key, value
FROM notes
WHERE reader = ?1 AND kind = ?2 AND key > ?3 AND (?4 = '' OR key < ?4)
ORDER BY key
LIMIT ?5;

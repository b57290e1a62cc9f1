DELETE FROM leases WHERE reader = ?1 AND partition = ?2 AND tag = ?3;

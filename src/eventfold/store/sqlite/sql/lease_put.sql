INSERT INTO leases (reader, partition, cursor, owner, epoch, renewal, wanted, tag) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

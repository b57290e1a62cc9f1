SELECT partition, cursor, owner, epoch, renewal, wanted, tag
FROM leases
WHERE reader = ?1
ORDER BY partition;

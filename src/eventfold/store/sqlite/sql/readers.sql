SELECT DISTINCT reader
FROM leases
ORDER BY reader;

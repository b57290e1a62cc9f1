DELETE FROM _ledger;
DELETE FROM _tallies WHERE table_name = '';
INSERT INTO _ledger VALUES (:cursor, :cursor);

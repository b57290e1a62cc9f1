DELETE FROM ledger;
DELETE FROM tallies WHERE table_name = '';
INSERT INTO ledger VALUES (:cursor, :cursor);

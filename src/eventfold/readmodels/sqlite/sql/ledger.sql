SELECT since, cursor FROM ledger

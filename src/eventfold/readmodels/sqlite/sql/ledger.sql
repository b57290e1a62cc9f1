SELECT since, cursor FROM _ledger

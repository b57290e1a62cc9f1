UPDATE _ledger SET cursor = ?

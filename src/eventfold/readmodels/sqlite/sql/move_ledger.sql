UPDATE ledger SET cursor = ?

DELETE FROM snapshots WHERE stream = ?

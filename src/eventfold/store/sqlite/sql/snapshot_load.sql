SELECT version, checksum, content FROM snapshots WHERE stream = ? AND version <= ? ORDER BY version DESC

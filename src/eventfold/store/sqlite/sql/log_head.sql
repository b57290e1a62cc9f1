SELECT position, recorded_us FROM events ORDER BY position DESC LIMIT 1

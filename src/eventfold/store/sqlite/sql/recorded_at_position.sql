SELECT recorded_us FROM events WHERE position = ?

INSERT INTO _types VALUES (?, ?, ?)
ON CONFLICT (category, type) DO UPDATE SET events = events + excluded.events

INSERT INTO streams (name, category) VALUES (?, ?) RETURNING id

SELECT cursor FROM _types_at

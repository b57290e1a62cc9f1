SELECT name, generation, fingerprint, definition FROM tables WHERE live ORDER BY name

SELECT name, generation, fingerprint, definition, kept_us FROM tables WHERE live OR kept_us ORDER BY name, generation

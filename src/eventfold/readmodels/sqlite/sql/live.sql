SELECT generation, fingerprint, definition FROM tables WHERE name = ? AND live

SELECT generation, fingerprint FROM tables WHERE name = ? AND live

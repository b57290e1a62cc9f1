SELECT generation FROM tables WHERE name = ? AND kept_us

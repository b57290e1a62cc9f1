SELECT generation FROM tables WHERE name = ? AND NOT live AND NOT kept_us

SELECT generation FROM tables WHERE name = ? AND NOT live

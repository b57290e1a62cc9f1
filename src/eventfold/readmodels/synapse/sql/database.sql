IF NOT EXISTS (SELECT 1 FROM sys.databases WHERE name = {database_text})
BEGIN
    CREATE DATABASE {database} COLLATE {collation};
END;

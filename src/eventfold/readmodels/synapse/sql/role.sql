IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = {role_text})
BEGIN
    CREATE ROLE {role};
END;

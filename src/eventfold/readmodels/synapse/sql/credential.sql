IF NOT EXISTS (SELECT 1 FROM sys.database_scoped_credentials WHERE name = {credential_text})
BEGIN
    CREATE DATABASE SCOPED CREDENTIAL {credential} WITH IDENTITY = 'Managed Identity';
END;

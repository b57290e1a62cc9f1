IF N'$(MASTER_KEY_PASSWORD)' = N'$' + N'(MASTER_KEY_PASSWORD)'
BEGIN
    THROW 50000, N'Give the password of the master key as the variable MASTER_KEY_PASSWORD of sqlcmd.', 1;
END;
IF NOT EXISTS (SELECT 1 FROM sys.symmetric_keys WHERE name = N'##MS_DatabaseMasterKey##')
BEGIN
    CREATE MASTER KEY ENCRYPTION BY PASSWORD = '$(MASTER_KEY_PASSWORD)';
END;

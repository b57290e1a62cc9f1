DECLARE @staged BIGINT;
SET @staged = (SELECT COUNT_BIG(*) FROM {staging});
IF @staged <> {rows}
BEGIN
    THROW 50000, N'The files were not all staged: nothing was changed. Print the script anew and run it whole.', 1;
END;
MERGE INTO {table} AS [target]
USING {staging} AS [source]
ON [target].{key} = [source].{key} AND DATALENGTH([target].{key}) = DATALENGTH([source].{key})
{matched}WHEN NOT MATCHED BY TARGET THEN INSERT ({names}) VALUES ({values})
WHEN NOT MATCHED BY SOURCE THEN DELETE;

IF N'$(LAKE)' = N'$' + N'(LAKE)'
BEGIN
    THROW 50000, N'Give the address of the lake: --location URL, or the variable LAKE of sqlcmd.', 1;
END;

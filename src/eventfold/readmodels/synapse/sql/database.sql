IF DB_ID({database_text}) IS NULL
BEGIN
    CREATE DATABASE {database} COLLATE {collation};
END;

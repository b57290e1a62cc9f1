USE {database};

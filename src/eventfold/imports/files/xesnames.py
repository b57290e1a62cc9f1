"""What the columns of a row of XES are called: keys of its standard extensions, those of the trace behind `case:`."""

CASE = "case:"
CONCEPT = "concept:name"
RESOURCE = "org:resource"
TIME = "time:timestamp"

"""The part of OData that the service takes in `filter` and `orderby`: read, checked against the fields, compiled.

The grammar is the one that the service publishes, which is less than OData's; what it does not hold is refused.
"""

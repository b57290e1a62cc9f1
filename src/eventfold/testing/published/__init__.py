"""The contract of publications: what a place must be good for where tables are published."""

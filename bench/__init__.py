"""What docs/scale.md says in numbers, to be measured again: `python -m bench.NAME` prints one of its tables.

Each script starts a PostgreSQL of its own in a temporary folder and takes it away at the end; nothing else is touched.
Only ratios within one run mean anything.
"""

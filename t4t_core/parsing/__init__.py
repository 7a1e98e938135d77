"""Taking SQL apart with sqlglot.

What was read once is kept, and sqlglot takes longer to import than most runs take, so whoever needs
this package imports it where a text is parsed and not before.
"""

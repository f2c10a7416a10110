"""The auditor: a process of its own that sees, every minute, that nobody who must know is not told.

It trusts neither the worker nor Redis: it looks at the rows, mends what it can, does the worker's
work while that is silent, and mails the administrators itself. `manage.py audit` runs it.
"""

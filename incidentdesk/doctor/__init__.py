"""The doctor: looks at the machine, the servers and the settings a desk stands on, and says of each
what is wrong and what to do. `manage.py doctor` runs it; the first start does too.

It changes nothing and mends nothing. What goes wrong while the desk runs is the auditor's.
"""

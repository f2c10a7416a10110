"""Demo data: a year of believable incidents, made by running the use cases with past times.

Stories are data, scripts call use cases, the director puts all of it into the order of time.
Nothing here is imported by the desk itself; `manage.py load_demo` is the only way in.
"""

"""PostgreSQL and Redis out of their wheels, and the runner behind `manage.py desk`.

For development, demo, tests and a first look. A production installation sets DATABASE_URL and
REDIS_URL and never comes in here.
"""

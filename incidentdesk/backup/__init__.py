"""A backup of the whole desk in one file, and a desk out of that file again.

The file holds the database as it was at one moment and the files beside it. It does not hold the
keys: without the SECRET_KEY that goes with it, what the desk stores encrypted cannot be read.
"""

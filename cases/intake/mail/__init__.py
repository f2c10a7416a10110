"""Reports by mail: what comes in, who sent it, and what becomes of it.

A mail never grants anything. Only what a known sender's own domain proves acts, and only for that
sender's one partner; all else waits in quarantine for a person.
"""

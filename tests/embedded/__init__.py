"""The embedded servers and the process runner, tried with real servers and real signals."""

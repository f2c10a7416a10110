"""What is strange in a series of figures: pure rules, one observation at a time, no look-ahead.

`watch.Watch` is the whole of one series and the way in. Nothing here knows of incidents, rows or
the network; what a detector remembers is `state()`, plain values that JSON holds.
"""

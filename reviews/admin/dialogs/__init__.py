"""The dialogs behind the buttons of reviews: forms, and the one call that each makes.

A form asks and words; it decides nothing. What is allowed and what lacks, the use case says.
"""

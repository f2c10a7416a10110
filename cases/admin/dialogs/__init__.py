"""The dialogs behind the buttons of cases: forms, and the one call that each makes.

A form asks and words; it decides nothing. What is allowed and what is missing, the use case says.
"""

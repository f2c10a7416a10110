"""How dates and times read on every page: 24 hours, the month in letters."""

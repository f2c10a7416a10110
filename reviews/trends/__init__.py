"""Trends: what the incidents of a period say together, as charts, by API and as CSV.

`asked` says of which incidents, one module a subject asks the database (one query a chart),
`figures` is what every chart is made of, `drawing` turns it into shapes. `docs/trends.md` defines
each figure. Nothing here writes.
"""

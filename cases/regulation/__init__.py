"""Regulators: regimes, the times their clocks count from, the clocks, what decides whether there is
a duty at all, and what a partner reports.

`anchors.put` is the one place that writes a time of a party; `clocks` follows it. Arithmetic is in
`incidentdesk.kernel.clocks`, as for all deadlines; `limits` says what a rule makes of times.
`dora`, `nis2` and `gdpr` decide; `report` is what is known, in the shape of the reporting schema.
"""

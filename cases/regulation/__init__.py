"""Regulators: which regimes apply to whom, the times their clocks count from, and the clocks.

`anchors.put` is the one place that writes a time of a party; `clocks` follows it. Arithmetic is in
`incidentdesk.kernel.clocks`, as for all deadlines; `limits` says what a rule makes of times.
"""

"""The ways in: alerts of monitoring tools, and what partners report."""

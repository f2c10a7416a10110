"""What regulators ask for: decisions, clocks, and the facts that partners report."""

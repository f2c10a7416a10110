"""Partners: the register of companies and their people, and the portal they use."""

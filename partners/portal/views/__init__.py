"""The pages of the portal, one file per noun."""

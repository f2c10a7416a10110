"""Access and activity logs: what they tell, what it is watched for, and what becomes of it."""

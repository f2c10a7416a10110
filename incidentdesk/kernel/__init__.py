"""The kernel: who acts, what they may, what is recorded. It knows no incident and no partner."""

"""The post office: messages, how they are sent, and who is told when nobody answers.

It knows addresses, kinds, dedupe keys and an `about` string; it knows no incident and no partner.
"""

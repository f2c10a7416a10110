"""What partners click: the one part of `partners` that stands above `cases`.

Reads run inside the partner scope and start from `cases.visibility`; a change is one use case,
called after the scope was left. No rules here.
"""

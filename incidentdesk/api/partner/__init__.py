"""The JSON API for partners' programs under `/api/v1/partner/`, apart from the desk's own.

What is read is read inside the partner scope, through the window that the portal has; what is
written was proved visible there before the use case is called. Only the partner's own references
occur, in addresses as in answers.
"""

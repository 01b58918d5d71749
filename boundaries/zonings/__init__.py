"""Zonings made of communes: read from a list, carried to a millesime, checked, drawn from the same communes.

A zoning has two years: that of its definition (zones d’emploi 2020) and that of the geography that it is applied in
(the communes of 1 January 2025). Its zones are territories and memberships like any other: whatever sums, draws or
serves an EPCI does the same for them.
"""

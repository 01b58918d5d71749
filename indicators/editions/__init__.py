"""The editions of a release: what each audience is shown of what may not be served as it is, and the attack on it.

A series that something restricts for anybody is computed once and never served. For each audience, from the Region to
the public, `make_editions` says what the policy and primary secrecy hide (`judging`), writes down everything that ties
what this audience sees (`system`, `beside`, `ties`, `earlier`), has `indicators.secrecy` choose what else to hide, writes
the series that are served (`writing`), reads them back and attacks them (`attacking`). `audit_release` attacks what is
served at any later time (`auditing`), with what pages say beside it (`statements`).

What ties: every territory and its communes, at all levels and in all zonings at once; cities and their
arrondissements; totals and the categories that the catalogue gives; ratios, means, indices and growth rates with
their terms; classes; the same values in two geographies; the same place under two names; earlier releases and more
public editions that can still be read.
"""

from indicators.editions.attacking import Disclosed, sentence
from indicators.editions.auditing import audit_release
from indicators.editions.making import EditionsMade, make_editions
from indicators.editions.statements import Statement

__all__ = ["Disclosed", "EditionsMade", "Statement", "audit_release", "make_editions", "sentence"]

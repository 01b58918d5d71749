"""The territories of France, year by year: codes, vintages, memberships, passages, outlines."""

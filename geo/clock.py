"""The time in which days begin and end for people: that of Paris, whatever the server's."""

from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")

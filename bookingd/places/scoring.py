"""How well a name fits what was typed, in figures that can be compared.

A place's score is that of its best name plus FAME times how well known it is; an exact code beats every name.
"""

from bookingd.places.entries import Kind, Role

CODE = 100.0
"""IATA's."""
FAME = 3.5

WHOLE = {Role.NAME: 6.0, Role.OTHER: 5.8}
"""What was typed is the whole name."""
BEGINS = {Role.NAME: 4.0, Role.OTHER: 3.4}
"""The name begins so."""
COMPLETE = 1.0
"""Times the part of the name that was typed: more for what is nearly there."""

FEW_LETTERS = 2
"""So many say too little to look for names in other languages, of which places have dozens; ideographs do.
But two may be all of a name (LA).
"""

WORD = {Role.NAME: 1.0, Role.OTHER: 0.9, Role.COUNTRY: 0.3, Role.CODE: 0.7}
"""A word of a name begins so."""
WHOLE_WORD = 0.3
"""More for a word that is complete."""
WORDS = 3.0
"""Times the mean over all words that were typed, where each fits the place."""
OWN = 0.7
"""A word that fits this well is the place's own, and does not only say where it is; one has to be."""

NAME_OF_ITS_CITY = {Kind.AIRPORT: 0.8}
WORD_OF_ITS_CITY = {Kind.AIRPORT: 0.8, Kind.HOTEL: 0.5}
"""The part of its city's fitting that a place has, too."""

EDIT = 0.25
"""The part that a word loses with each letter that is off."""
MISTAKEN = 1.0
"""What the whole loses by it."""
SURE = 5.8
"""Who typed a name or code that well made no mistake."""

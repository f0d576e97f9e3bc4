"""Made-up hotels in real cities: where they stand, what they are called, have, cost and look like.

The same seed, first night and number give the same hotels, byte for byte. Names, ratings and prices are
invented; cities, districts, languages and what towns take as tax are real, or nearly so.
"""

"""Before and after a search: is there anything to find, and was it found?

``signal`` trains random genotypes with several seeds: do they differ, and what tells early? ``repeat`` runs a search
and its opponents with several seeds: is the one better? Both keep what is finished, go on after a kill, and lean on
``statistics``.
"""

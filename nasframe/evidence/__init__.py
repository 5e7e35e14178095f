"""Before and after a search: is there anything to find, and was it found?

Before: ``trials`` trains random genotypes with several seeds, ``signal`` says whether they differ and what tells early,
``decisions`` which answers explain it, ``searched_part`` how much of the networks a search can change; ``signal_page``
writes it. After: ``repeat`` runs a search and its opponents with several seeds: is the one better? Both keep what is
finished, go on after a kill, and lean on ``statistics``.
"""

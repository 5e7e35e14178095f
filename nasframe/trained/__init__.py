"""A trained network in use: found in its files, built, sped up, exported.

Read ``finding`` (which files, which parts), ``building`` (the network with its weights), ``speedups`` with
``folding``, ``export`` with ``model_card``, and ``image_files`` (which images a prediction reads and writes).
"""

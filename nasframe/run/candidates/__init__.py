"""How the candidates of a run are evaluated: within limits, once each, kept as soon as finished, by many workers.

``judge`` is what a strategy meets. It asks ``constraints`` before anything is trained, ``known_results`` for what was
evaluated before, and an engine for the rest: ``own_process``, ``processes`` on this machine, or that of a plug-in.
``worker`` is what evaluates in all of them, ``crew`` keeps who does what, ``trainings`` what may be gone on from;
``pruning`` says who is stopped early.
"""

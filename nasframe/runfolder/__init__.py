"""A run's folder on disk: what lies where, written so that a kill at any instant loses nothing, and read by all others.

Read ``layout`` (the path of each file), ``folder`` (writing, and the lock), ``checkpoint`` (how a state is written and
found again), ``weights`` (files of weights), ``reading`` (one run, as far as it is there) and ``listing`` (many at a
glance).
"""

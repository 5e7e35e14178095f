"""A run's folder on disk: what lies where, written so that a kill at any instant loses nothing, and read by all others.

Read ``folder`` (the folder and its lock), ``checkpoint`` (how a state is written and found again), ``weights`` (files
of weights), ``reading`` (single files) and ``listing`` (many runs at a glance).
"""

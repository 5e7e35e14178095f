"""From the text of an experiment file to checked objects, and back.

Read ``checking``, whose ``load`` is the whole way: ``composition`` (``extends``, overrides) with ``variables``,
``sections`` (the component that a section names, and its options), ``given_genotype``, ``terms`` and ``run_options``.
What comes out is in ``experiment``, which also says where each value was written. ``template`` and ``schema`` write new
files and describe them to editors.
"""

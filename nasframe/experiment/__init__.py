"""From the text of an experiment file to checked objects, and back.

Read ``checking``, whose ``load`` is the whole way: ``composition`` (``extends`` and overrides), ``sections`` (the
component that a section names), ``option_check``, ``given_genotype``, ``terms`` with ``term_check``, ``run_options``.
What comes out is in ``experiment``; ``origins`` says where each value was written. ``template`` and ``schema`` write
new files and describe them to editors.
"""

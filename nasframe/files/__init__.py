"""Files in and out, for every other folder: YAML whose values know where they were written, and atomic writes.

Read ``yaml_text`` (values with their places, what is wrong in them, reading and writing YAML) with ``yaml_rules`` (what
its scalars mean), ``plain_json``, ``limits`` (of what either reads) and ``atomic`` (a file is written wholly or not at
all), then the files of single things: ``genotypes``, ``graphs`` with ``exact_json``, ``evaluations``. ``words`` holds
numbers and times as people read them, wherever they are shown; ``faults`` tells what is wrong with many files at once.
"""

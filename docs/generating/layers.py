"""Who may import whom: the layers of the core, and the modules that plug-ins may import."""

LAYERS = (
    "errors options stepper graph pareto outputs",
    "genotype decode",
    "supernet",
    "space",
    "evaluator inference cost",
    "evaluations files training",
    "strategy plot runfolder",
    "ask_tell plugin",
    "__init__",
    "experiment",
    "report",
    "run",
    "derive plan trained",
    "compare evidence testing",
    "cli",
    "__main__",
)
"""The flat modules and the folders of the core, the lowest first; each imports from its own layer and those below."""

RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names.split()}

FOR_PLUGINS = {
    *"__init__ genotype graph supernet evaluator space strategy options errors inference pareto outputs".split(),
    *"training.sgd training.options training.progressive training.seeding training.precision".split(),
    *"training.answering training.reading training.drop_path".split(),
    *"training.batches training.gradients training.finite training.running_statistics cost.__init__".split(),
    *"run.progress plugin.golden plugin.engine plugin.proxy run.candidates.crew runfolder.layout".split(),
    *"files.words files.faults files.fingerprints files.repeats".split(),
    *"files.plain_json files.yaml_text files.evaluations".split(),
    *"decode.__init__ testing.__init__ testing.tiny testing.tiny_blocks".split(),
}
"""The modules of the core that plug-ins may import; a folder's own names are its ``__init__``."""

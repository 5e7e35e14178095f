"""Training by gradient descent, for evaluators and strategies that train: exact to resume, one step at a time.

Read ``options`` (what a user may set) and ``sgd`` (the training itself), then its parts: ``batches`` (a stream with
random access), ``seeding``, ``precision`` (autocast, loss scaling), ``gradients``, ``finite`` (what is not gets no
score), ``kept_weights`` (which weights a training ends with), ``last_scores`` (over which measurements its score is the
mean) and ``progressive`` (image sizes that grow); ``legs`` goes on from budget to budget. Evaluators of
any task share ``reading`` (which examples are in batch k, data read ahead) and ``answering`` (a network in eval mode,
the shape of what it says).
``options``, ``progressive``, ``finite`` and ``reading`` load no torch.
"""

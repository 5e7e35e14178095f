"""The supernet's nodes in their fast form: the same function as the plain nodes, in few calls on large tensors."""

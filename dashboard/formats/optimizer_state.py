"""Which tensors of a file belong to the optimizer that trained the network: they are no weights of it."""

import re

PATTERN = re.compile(
    r"""
      (^|[./]) optimizer_weights [./]               # Keras, .h5
    | (^|[./]) optimizer [./]                       # Keras, .weights.h5; checkpoints of PyTorch
    | ^ optim\w* \. (.*\.)? (state|param_groups) \b      # PyTorch: optimizer_state_dict.state.0.exp_avg
    | ^ (optimizer|optim)\w* \.
    | (^|[./]) (exp_avg|exp_avg_sq|max_exp_avg_sq|momentum_buffer|square_avg) $
    | (^|[./]) _?optimizer \. (ms|vs|velocities|params) \b    # scikit-learn
    | (^|[./]) _best_(coefs|intercepts) \b
    """,
    re.VERBOSE,
)


def is_optimizer_state(name: str) -> bool:
    """Return whether a tensor of this name is the state of an optimizer: moments, momentum, best weights so far."""
    return PATTERN.search(name) is not None

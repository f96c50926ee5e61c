"""Makes the model: data, network, training, evaluation, export. Runs from a checkout."""

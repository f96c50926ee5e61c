"""Makes the model: data, network, training, evaluation, export. Needs torch; runs from a checkout."""

"""Makes the model: data, network, training, evaluation, export. Runs from a checkout."""

from training.threads import wait_asleep

# Here, because OpenMP reads it when torch is loaded, and every module of the package loads torch.
wait_asleep()

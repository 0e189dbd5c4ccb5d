"""Training: supervised fine-tuning of the embedded model on simulated procedures, and its held-out figures."""

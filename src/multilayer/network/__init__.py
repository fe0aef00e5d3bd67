"""A network: layers, their plan, forward and backward propagation, objectives."""

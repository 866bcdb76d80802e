"""A step of Adam on Burgers' equation, for several engines: what `training_step.py` measures."""

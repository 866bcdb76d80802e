"""MindSpore's `experimental`: optimizers in PyTorch's way."""

from dualtape.mindspore.experimental import optim as optim

"""Optimizers and learning-rate schedules, with MindSpore's names and update rules."""

from dualtape.optim.adam import *
from dualtape.optim.adaptive import *
from dualtape.optim.gauss_newton import *
from dualtape.optim.least_squares import *
from dualtape.optim.matrix_free import *
from dualtape.optim.momentum import *
from dualtape.optim.optimizer import *
from dualtape.optim.quasi_newton import *
from dualtape.optim.schedule import *
from dualtape.optim.soap import *
from dualtape.optim.squared_jacobian import *

"""Ordinary differential equations: their solutions at given times, with every derivative."""

from dualtape.errors import IntegrationError as IntegrationError
from dualtape.ode.integration import integrate as integrate

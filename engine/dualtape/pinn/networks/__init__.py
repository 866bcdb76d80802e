"""Networks for differential equations, each a cell from points (N, d) to unknowns (N, m)."""

from dualtape.pinn.networks.adaptive import AdaptiveMLP as AdaptiveMLP
from dualtape.pinn.networks.fourier import FourierMLP as FourierMLP
from dualtape.pinn.networks.gated import GatedMLP as GatedMLP
from dualtape.pinn.networks.kan import ChebyshevKAN as ChebyshevKAN
from dualtape.pinn.networks.multiscale import MultiScaleMLP as MultiScaleMLP
from dualtape.pinn.networks.residual import ResidualMLP as ResidualMLP
from dualtape.pinn.networks.separable import SeparableMLP as SeparableMLP
from dualtape.pinn.networks.several import Networks as Networks
from dualtape.pinn.networks.siren import SIREN as SIREN

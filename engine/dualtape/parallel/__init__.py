"""One training on many processes: values of each of them, summed over all in a fixed order.

Processes talk by MPI (mpi4py), which ``pip install "dualtape[mpi]"`` brings along, ``mpiexec`` included.
"""

from dualtape.parallel.ending import fail as fail
from dualtape.parallel.launch import divide_cores as divide_cores
from dualtape.parallel.launch import own_device as own_device
from dualtape.parallel.launch import sub_devices as sub_devices
from dualtape.parallel.launch import told_rank as told_rank
from dualtape.parallel.launch import world as world
from dualtape.parallel.ranks import OtherRankError as OtherRankError
from dualtape.parallel.ranks import Ranks as Ranks
from dualtape.parallel.sums import allreduce as allreduce
from dualtape.parallel.sums import summed_value_and_grad as summed_value_and_grad

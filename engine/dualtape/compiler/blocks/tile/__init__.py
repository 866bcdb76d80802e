"""Tile programs: what a kernel does with the points of a tile, in what order and in which memory."""

from dualtape.compiler.blocks.tile.forms import choose_forms as choose_forms
from dualtape.compiler.blocks.tile.memory import Layout as Layout
from dualtape.compiler.blocks.tile.memory import plan_memory as plan_memory
from dualtape.compiler.blocks.tile.plain_products import with_plain_products as with_plain_products
from dualtape.compiler.blocks.tile.scheduling import Group as Group
from dualtape.compiler.blocks.tile.scheduling import Step as Step
from dualtape.compiler.blocks.tile.scheduling import schedule as schedule
from dualtape.compiler.blocks.tile.splitting import split_rows as split_rows
from dualtape.compiler.blocks.tile.tiles import COPY as COPY
from dualtape.compiler.blocks.tile.tiles import MOST_ROWS as MOST_ROWS
from dualtape.compiler.blocks.tile.tiles import Contraction as Contraction
from dualtape.compiler.blocks.tile.tiles import FoldFeatures as FoldFeatures
from dualtape.compiler.blocks.tile.tiles import Map as Map
from dualtape.compiler.blocks.tile.tiles import Operation as Operation
from dualtape.compiler.blocks.tile.tiles import Place as Place
from dualtape.compiler.blocks.tile.tiles import PointArray as PointArray
from dualtape.compiler.blocks.tile.tiles import Product as Product
from dualtape.compiler.blocks.tile.tiles import Read as Read
from dualtape.compiler.blocks.tile.tiles import Stream as Stream
from dualtape.compiler.blocks.tile.tiles import Term as Term
from dualtape.compiler.blocks.tile.tiles import Turn as Turn
from dualtape.compiler.blocks.tile.tiles import WideContraction as WideContraction
from dualtape.compiler.blocks.tile.tiles import outputs as outputs
from dualtape.compiler.blocks.tile.tiles import reads as reads
from dualtape.compiler.blocks.tile.tiles import whole as whole

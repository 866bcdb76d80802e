"""Which parts of a program map over points, and what they do at each of them."""

from dualtape.compiler.blocks.find.point_sets import choose_division as choose_division
from dualtape.compiler.blocks.find.point_sets import elements as elements
from dualtape.compiler.blocks.find.regions import Division as Division
from dualtape.compiler.blocks.find.regions import NotBlockable as NotBlockable
from dualtape.compiler.blocks.find.regions import Region as Region
from dualtape.compiler.blocks.find.regions import Stage as Stage

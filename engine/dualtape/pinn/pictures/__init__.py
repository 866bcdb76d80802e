"""Pictures, by matplotlib's Agg canvas alone: no global state, no window."""

from dualtape.pinn.pictures.animation import animate_solution as animate_solution
from dualtape.pinn.pictures.canvas import PICTURES as PICTURES
from dualtape.pinn.pictures.canvas import as_png as as_png
from dualtape.pinn.pictures.canvas import check_target as check_target
from dualtape.pinn.pictures.canvas import new_figure as new_figure
from dualtape.pinn.pictures.fields import draw_solution as draw_solution
from dualtape.pinn.pictures.geometry import draw_problem as draw_problem
from dualtape.pinn.pictures.records import draw_losses as draw_losses
from dualtape.pinn.pictures.records import draw_track as draw_track
from dualtape.pinn.pictures.residuals import draw_residuals as draw_residuals

"""MindSpore's `dataset`, small and in memory."""

from dualtape.mindspore.absent import refusal as _refusal
from dualtape.mindspore.dataset.rows import Dataset as Dataset
from dualtape.mindspore.dataset.rows import zip_datasets as zip
from dualtape.mindspore.dataset.sources import GeneratorDataset as GeneratorDataset
from dualtape.mindspore.dataset.sources import NumpySlicesDataset as NumpySlicesDataset

__all__ = ["Dataset", "GeneratorDataset", "NumpySlicesDataset", "zip"]
__getattr__ = _refusal(__name__)

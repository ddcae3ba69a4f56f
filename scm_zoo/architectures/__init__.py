"""The families of image models, by name; a new one is one class here."""

from .base import VARIANTS, Backbone, Variant
from .dpn import DPN
from .lenet import LeNet
from .mobilenet import MobileNet
from .resnet import ResNet

FAMILIES: dict[str, type[Backbone]] = {family.family: family for family in (LeNet, ResNet, MobileNet, DPN)}

__all__ = ["DPN", "FAMILIES", "VARIANTS", "Backbone", "LeNet", "MobileNet", "ResNet", "Variant"]

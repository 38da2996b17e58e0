"""Who is speaking while they speak, corrected until it is the offline answer."""

from .pipeline import LiveDiarizer

__all__ = ["LiveDiarizer"]

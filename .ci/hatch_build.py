"""Refuse an editable install where the committed link `.src/diarfuse -> ..` did not survive the checkout."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LinkHook(BuildHookInterface[Any]):
    """Git on Windows writes a link as a small file unless symbolic links are switched on; then nothing would import."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Look at the link before an editable wheel is made."""
        del build_data
        link = Path(self.root, ".src", "diarfuse")
        if version == "editable" and not (link / "fusion").is_dir():
            raise RuntimeError(
                f"{link} is not a link to the checkout: switch symbolic links on (on Windows Developer Mode, then "
                "'git config core.symlinks true' and 'git checkout .src'), or install without -e."
            )

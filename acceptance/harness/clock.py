"""The clock of one process, set by the test."""

from pathlib import Path

LIBRARY = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
HOUR_S = 3_600
DAY_S = 24 * HOUR_S


class Clock:
    """The wall clock, which may be set while the process runs. Its monotonic clock goes on as ever, unless time itself
    is to pass: then that jumps along."""

    def __init__(self, file: Path, *, time_passes: bool = False):
        self.file, self.time_passes = file, time_passes
        self.set(0)

    def set(self, offset_s: int):
        self.offset_s = offset_s
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{offset_s:+d}\n")
        fresh.rename(self.file)

    def variables(self) -> dict:
        variables = {
            "LD_PRELOAD": str(LIBRARY[-1]),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
        }
        return variables if self.time_passes else variables | {"DONT_FAKE_MONOTONIC": "1"}

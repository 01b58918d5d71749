"""The settings of the private server, computed from the memory and the cores of this machine."""

import os
from pathlib import Path

MIB = 1024**2
GIB = 1024**3

CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def memory_seen() -> int:
    """Return the bytes of memory that this process may use: the machine's, or its container's if lower."""
    seen = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in CGROUP_LIMITS:
        try:
            seen = min(seen, int(limit.read_text()))
        except (OSError, ValueError):  # absent, or "max"
            continue
    return seen


def settings(memory: int, cores: int, *, ephemeral: bool = False) -> dict[str, str]:
    """Return the settings for a machine with `memory` bytes, most of them left to the other processes.

    Durability is kept (fsync, synchronous_commit) except for an `ephemeral` cluster, for tests.

    >>> settings(24 * GIB, 2)["shared_buffers"], settings(1 * GIB, 1)["work_mem"]
    ('2048MB', '8MB')
    """

    def share(divisor: int, least: int, most: int) -> str:
        return f"{min(max(memory // divisor // MIB, least), most)}MB"

    chosen = {
        "shared_buffers": share(8, 64, 256 if ephemeral else 2048),
        "effective_cache_size": share(2, 128, 64 * 1024),
        "work_mem": share(384, 8, 64),
        "maintenance_work_mem": share(24, 64, 1024),
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        # Nobody replicates a private server, and a load into a new table then needs no write-ahead log.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "200",
        # Compiling a tile query costs more than running it.
        "jit": "off",
        # A killed program's query ends with it, instead of holding its locks to the end.
        "client_connection_check_interval": "2s",
        "max_parallel_workers": str(cores),
        "max_parallel_workers_per_gather": str(min(cores, 4)),
        "dynamic_shared_memory_type": "posix" if _shared_memory() >= GIB else "sysv",
    }
    if ephemeral:
        chosen |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    return chosen


def _shared_memory() -> int:
    """Return the bytes of /dev/shm: containers often give 64 MB, which parallel queries overrun."""
    try:
        stat = os.statvfs("/dev/shm")  # noqa: S108 - measured, not written to
    except OSError:
        return 0
    return stat.f_frsize * stat.f_blocks

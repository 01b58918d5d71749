"""What can go wrong with the private server.

Unlike other errors, these are only ever shown on the command line to whoever runs the product, never sent to
a reader of the pages: they may therefore name a folder of this machine.
"""

from geo.errors import Conflict, NotFound


class ClusterError(Conflict):
    """The private server cannot be made, started or stopped."""


class NoCluster(NotFound):
    """The private server was never created in this data folder."""


class PackageMissing(NotFound):
    """PostgreSQL or PostGIS is not installed on this machine."""

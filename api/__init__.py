"""HTTP and the command line: wires the three floors below, owns migrations, pages and static files."""

"""What is wrong with a delivery, family by family; each family of checks is a module, none repairs anything."""

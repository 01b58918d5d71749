"""Figures as the French write them."""


def french(figure: float, decimals: int) -> str:
    """Return a figure with spaced thousands and a decimal comma."""
    return f"{figure:,.{decimals}f}".replace(",", "\u202f").replace(".", ",")
